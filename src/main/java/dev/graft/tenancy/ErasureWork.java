package dev.graft.tenancy;

import dev.graft.artifacts.BlobCollector;
import dev.graft.artifacts.BlobProperties;
import dev.graft.artifacts.BlobRef;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.tenancy.DepartmentRemoval.Tables.Part;
import dev.graft.tenancy.Erasures.Erasure;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** Erases departments, one at a time per server. Each step can be repeated. */
@Component
class ErasureWork implements WorkKind {
  static final String KIND = "erasure";

  private static final Logger log = LoggerFactory.getLogger(ErasureWork.class);
  private static final Duration SOON = Duration.ofSeconds(1);
  private static final Duration AGAIN = Duration.ofHours(1);

  /** Retries without end: a department that is half deleted must not stay so. */
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          KIND,
          false,
          1,
          1,
          Duration.ofSeconds(2),
          Duration.ofMinutes(1),
          new WorkSettings.Backoff(Integer.MAX_VALUE, Duration.ofSeconds(10), Duration.ofHours(1)),
          Duration.ofSeconds(5));

  private final Erasures erasures;
  private final DepartmentRemoval.Tables tables;
  private final DepartmentRemoval.Content content;
  private final DepartmentRemoval removal;
  private final Certificates certificates;
  private final BlobCollector collector;
  private final BlobProperties blobs;
  private final LeasedWork work;
  private final TransactionTemplate transaction;
  private final Clock clock;

  ErasureWork(
      Erasures erasures,
      DepartmentRemoval.Tables tables,
      DepartmentRemoval.Content content,
      DepartmentRemoval removal,
      Certificates certificates,
      BlobCollector collector,
      BlobProperties blobs,
      LeasedWork work,
      TransactionTemplate transaction,
      Clock clock) {
    this.erasures = erasures;
    this.tables = tables;
    this.content = content;
    this.removal = removal;
    this.certificates = certificates;
    this.collector = collector;
    this.blobs = blobs;
    this.work = work;
    this.transaction = transaction;
    this.clock = clock;
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws IOException {
    boolean goesOn = true;
    while (goesOn) {
      Erasure erasure = erasures.find(claim.subject()).orElseThrow();
      goesOn =
          switch (erasure.status()) {
            case STOPPING -> stop(claim, erasure);
            case DELETING_ROWS -> deleteRows(claim, erasure);
            case DELETING_CONTENT -> deleteContent(claim, erasure);
            case SUCCEEDED -> false;
          };
    }
  }

  private boolean stop(WorkClaim claim, Erasure erasure) throws IOException {
    if (!held(claim, () -> removal.stop(erasure))) {
      work.later(claim, SOON);
      return false;
    }
    List<BlobRef> found = content.of(erasure.departmentId(), tables.inOrder());
    return held(
        claim,
        () -> {
          erasures.found(erasure.id(), found);
          erasures.stopped(erasure.id());
          return true;
        });
  }

  private boolean deleteRows(WorkClaim claim, Erasure erasure) {
    List<Part> parts = tables.inOrder();
    for (Part part : parts) {
      if (part.table().equals(DepartmentRemoval.Tables.DEPARTMENT)) continue;
      while (held(claim, () -> removal.batch(erasure, part)) > 0) continue;
    }
    while (held(claim, () -> removal.entries(erasure)) > 0) continue;
    return held(
        claim,
        () -> {
          removal.last(erasure, parts);
          return true;
        });
  }

  /**
   * Content is shared: whether anybody needs it is what the sweep finds out, twice, and between the
   * two lies the time in which somebody may be storing the same.
   */
  private boolean deleteContent(WorkClaim claim, Erasure erasure) throws IOException {
    Instant noted = erasure.notedAt();
    Instant now = clock.instant();
    Instant due = noted == null ? now : noted.plus(blobs.keepUnreferenced());
    if (now.isBefore(due)) {
      work.later(claim, Duration.between(now, due).plus(SOON));
      return false;
    }
    if (collector.sweep().isEmpty()) {
      work.later(claim, Duration.ofMinutes(1));
      return false;
    }
    if (noted != null) return finish(claim, erasure);
    return held(
        claim,
        () -> {
          erasures.noted(erasure.id(), clock.instant());
          return true;
        });
  }

  private boolean finish(WorkClaim claim, Erasure erasure) throws IOException {
    Instant now = clock.instant();
    Optional<Erasure.Signed> signed = certificates.of(erasure, now);
    if (signed.isEmpty()) {
      work.later(claim, AGAIN);
      return false;
    }
    held(
        claim,
        () -> {
          erasures.finished(erasure.id(), now, signed.get());
          return work.done(claim);
        });
    log.atInfo().addKeyValue("erasure", erasure.id()).log("department_erased");
    return false;
  }

  private <T> T held(WorkClaim claim, Supplier<T> statements) {
    return Objects.requireNonNull(
        transaction.execute(
            status -> {
              if (work.progressed(claim)) return statements.get();
              throw new IllegalStateException("Another server has taken over the erasure.");
            }));
  }
}
