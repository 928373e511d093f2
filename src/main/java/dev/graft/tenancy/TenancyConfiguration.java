package dev.graft.tenancy;

import dev.graft.artifacts.BlobProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** The settings of departments, retention and erasure. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({
  TenancyProperties.class,
  OidcProperties.class,
  RetentionDays.RetentionProperties.class,
  Certificates.ErasureProperties.class,
  AuditMonths.AuditProperties.class,
  BlobProperties.class
})
class TenancyConfiguration {}
