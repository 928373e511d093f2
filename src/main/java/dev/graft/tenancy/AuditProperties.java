package dev.graft.tenancy;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The audit log.
 *
 * @param keepMonths whole months (UTC) that entries stay after the one they were written in; null =
 *     for ever
 */
@ConfigurationProperties("graft.audit")
record AuditProperties(@Nullable Integer keepMonths) {
  private static final int MOST = 1200;

  AuditProperties {
    if (keepMonths != null && (keepMonths < 1 || keepMonths > MOST)) {
      throw new IllegalArgumentException(
          "graft.audit.keep-months must be 1 to %d, or not be said".formatted(MOST));
    }
  }
}
