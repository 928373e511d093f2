package dev.graft.jobs;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What holds for all workers.
 *
 * @param credentialLifetime how long the credential of a worker is good; at least an hour. Workers
 *     renew theirs by themselves when a third of it is left
 */
@ConfigurationProperties("graft.workers")
record WorkersProperties(@DefaultValue("30d") Duration credentialLifetime) {
  WorkersProperties {
    if (credentialLifetime.compareTo(Duration.ofHours(1)) < 0) {
      throw new IllegalArgumentException("graft.workers.credential-lifetime must be 1h or more");
    }
  }
}
