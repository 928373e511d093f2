package dev.graft.tenancy;

import dev.graft.artifacts.BlobProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** Settings of retention. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({RetentionProperties.class, BlobProperties.class})
class RetentionConfiguration {}
