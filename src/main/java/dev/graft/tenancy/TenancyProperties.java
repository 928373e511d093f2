package dev.graft.tenancy;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The organisation, and what a department may use where an administrator has said nothing else.
 *
 * @param adminKey a key that opens the organisation from the start; see {@code
 *     AdministratorFromSettings}
 * @param maxRunning jobs of a department that may run at the same time
 * @param maxQueued jobs that may wait
 * @param requestsPerMinute requests of all keys of a department together
 * @param requestsPerMinuteOfKey requests of one key
 * @param currency currency of the prices of device time
 */
@ConfigurationProperties("graft.tenancy")
record TenancyProperties(
    @Nullable String adminKey,
    @DefaultValue("2") int maxRunning,
    @DefaultValue("1000") int maxQueued,
    @DefaultValue("30000") int requestsPerMinute,
    @DefaultValue("12000") int requestsPerMinuteOfKey,
    @DefaultValue("EUR") String currency) {}
