package dev.graft.tenancy;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** Settings of departments. */
@Configuration(proxyBeanMethods = false)
@Profile("server")
@EnableConfigurationProperties({TenancyProperties.class, OidcProperties.class})
class TenancyConfiguration {}
