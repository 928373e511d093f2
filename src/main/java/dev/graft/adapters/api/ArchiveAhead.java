package dev.graft.adapters.api;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.registry.Adapters;
import dev.graft.jobs.JobSucceeded;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.event.TransactionPhase;
import org.springframework.transaction.event.TransactionalEventListener;

/**
 * Makes the archive of a new adapter before anybody asks for it, beside the worker's request and
 * outside its transaction. If this fails, the first download makes it.
 */
@Component
class ArchiveAhead {
  private static final Logger log = LoggerFactory.getLogger(ArchiveAhead.class);

  private final Adapters adapters;
  private final AdapterFiles files;

  ArchiveAhead(Adapters adapters, AdapterFiles files) {
    this.adapters = adapters;
    this.files = files;
  }

  @TransactionalEventListener(phase = TransactionPhase.AFTER_COMMIT)
  void pack(JobSucceeded job) {
    Thread.ofVirtual().name("archive-" + job.jobId()).start(() -> packNow(job));
  }

  private void packNow(JobSucceeded job) {
    try {
      Adapter adapter = adapters.named(job.departmentId(), job.fineTunedModel()).orElse(null);
      if (adapter != null) files.archive(adapter);
    } catch (IOException | RuntimeException failed) {
      log.atWarn()
          .addKeyValue("job", job.jobId())
          .addKeyValue("cause", failed.getClass().getSimpleName())
          .log("archive_put_off");
    }
  }
}
