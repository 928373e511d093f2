package dev.graft.retention;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** Settings of retention. */
@Configuration(proxyBeanMethods = false)
@Profile("server")
@EnableConfigurationProperties({RetentionProperties.class, BlobProperties.class})
class RetentionConfiguration {}
