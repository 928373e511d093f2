package dev.graft.tenancy;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The organisation, and the quotas of a new department.
 *
 * @param adminKey a key that opens the organisation from the start; see {@link
 *     AdministratorFromSettings}
 * @param maxRunning jobs that may run at the same time
 */
@ConfigurationProperties("graft.tenancy")
record TenancyProperties(@Nullable String adminKey, @DefaultValue("2") int maxRunning) {}
