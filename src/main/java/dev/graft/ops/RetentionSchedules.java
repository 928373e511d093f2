package dev.graft.ops;

import dev.graft.datasets.FileRetention;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.scheduling.annotation.Scheduled;

/** What is removed when its time is over. Several servers may do it at once. */
@Configuration(proxyBeanMethods = false)
@Profile("server")
class RetentionSchedules {
  private final FileRetention files;

  RetentionSchedules(FileRetention files) {
    this.files = files;
  }

  @Scheduled(
      initialDelayString = "${graft.files.sweep-every:1m}",
      fixedDelayString = "${graft.files.sweep-every:1m}")
  void sweep() {
    files.sweep();
  }
}
