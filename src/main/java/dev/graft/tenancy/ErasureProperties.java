package dev.graft.tenancy;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Erasure of departments.
 *
 * @param backupsKept how long your backups are kept, which certificates say; null = not known
 */
@ConfigurationProperties("graft.erasure")
record ErasureProperties(@Nullable Duration backupsKept) {
  ErasureProperties {
    if (backupsKept != null && backupsKept.isNegative()) {
      throw new IllegalArgumentException(
          "graft.erasure.backups-kept must be a time such as 35d, or not be said");
    }
  }
}
