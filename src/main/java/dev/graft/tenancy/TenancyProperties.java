package dev.graft.tenancy;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The organisation, and the limits of departments for which an administrator sets no others.
 *
 * @param adminKey an administrator's key that is valid from the start; see {@code
 *     AdministratorFromSettings}
 * @param maxRunning maximum of running jobs of a department
 * @param maxQueued maximum of queued jobs of a department
 * @param requestsPerMinute maximum of requests per minute of all keys of a department together
 * @param requestsPerMinuteOfKey maximum of requests per minute of one key
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
