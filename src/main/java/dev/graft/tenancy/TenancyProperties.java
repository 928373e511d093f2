package dev.graft.tenancy;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Quotas of a new department.
 *
 * @param maxRunning jobs that may run at the same time
 */
@ConfigurationProperties("graft.tenancy")
record TenancyProperties(@DefaultValue("2") int maxRunning) {}
