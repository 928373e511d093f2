package dev.graft.retention;

import dev.graft.retention.blobs.BlobProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** Settings of retention. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({RetentionProperties.class, BlobProperties.class})
class RetentionConfiguration {}
