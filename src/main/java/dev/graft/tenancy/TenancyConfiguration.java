package dev.graft.tenancy;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** Settings of departments. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({TenancyProperties.class, OidcProperties.class})
class TenancyConfiguration {}
