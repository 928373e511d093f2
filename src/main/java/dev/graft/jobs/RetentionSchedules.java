package dev.graft.jobs;

import dev.graft.artifacts.BlobCollector;
import dev.graft.datasets.FileRetention;
import dev.graft.tenancy.Retention;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.Scheduled;

/** Scheduled tasks that delete expired data. Several servers may run them at once. */
@Configuration(proxyBeanMethods = false)
class RetentionSchedules {
  private final FileRetention files;
  private final Retention retention;
  private final BlobCollector blobs;

  RetentionSchedules(FileRetention files, Retention retention, BlobCollector blobs) {
    this.files = files;
    this.retention = retention;
    this.blobs = blobs;
  }

  @Scheduled(
      initialDelayString = "${graft.files.sweep-every:1m}",
      fixedDelayString = "${graft.files.sweep-every:1m}")
  void sweepFiles() {
    files.sweep();
  }

  /** At a fixed rate: scheduled tasks share one thread, and this one may take minutes. */
  @Scheduled(
      initialDelayString = "${graft.retention.sweep-after:1m}",
      fixedRateString = "${graft.retention.sweep-every:1h}")
  void deleteExpired() {
    retention.sweep();
  }

  @Scheduled(
      initialDelayString = "${graft.artifacts.sweep-after:10m}",
      fixedRateString = "${graft.artifacts.sweep-every:6h}")
  void sweepBlobs() {
    blobs.sweep();
  }
}
