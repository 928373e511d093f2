package dev.graft.tenancy;

import dev.graft.tenancy.RetentionNotices.Notice;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.TransactionTemplate;

/** Writes notices of things that will be removed, and removes them when due. */
@Service
public class Retention {
  private static final Logger log = LoggerFactory.getLogger(Retention.class);
  private static final int BATCH = 500;

  private final DepartmentRetention policies;
  private final RetentionNotices notices;
  private final Map<RetentionKind, Retained> kinds = new EnumMap<>(RetentionKind.class);
  private final AuditLog audit;
  private final TransactionTemplate transaction;
  private final Clock clock;

  Retention(
      DepartmentRetention policies,
      RetentionNotices notices,
      List<Retained> things,
      AuditLog audit,
      TransactionTemplate transaction,
      Clock clock) {
    this.policies = policies;
    this.notices = notices;
    things.forEach(each -> kinds.put(each.kind(), each));
    this.audit = audit;
    this.transaction = transaction;
    this.clock = clock;
  }

  /** Writes notices and removes due things; returns the number of removed things. */
  public int sweep() {
    Instant now = clock.instant();
    for (String department : policies.toSweep()) {
      while (Boolean.TRUE.equals(transaction.execute(status -> addNotices(department, now)))) {
        // The next batch is the next transaction.
      }
    }
    int removed = 0;
    List<Notice> due = notices.due(now, null, BATCH);
    while (!due.isEmpty()) {
      for (Notice notice : due) {
        if (removed(notice, now)) removed++;
      }
      due = notices.due(now, due.getLast(), BATCH);
    }
    if (removed > 0) log.atInfo().addKeyValue("things", removed).log("retention_removed");
    return removed;
  }

  /** Adapts a department's notices to its policy; returns whether more may have to be added. */
  private boolean addNotices(String department, Instant now) {
    policies.lock(department);
    RetentionDays policy = policies.inForce(department);
    Map<String, Integer> added = new TreeMap<>();
    boolean more = false;
    for (Retained each : kinds.values()) {
      RetentionKind kind = each.kind();
      notices.hold(department, kind, policy, now);
      Instant latest = policy.latestNoticed(kind, now);
      Duration kept = policy.kept(kind);
      if (latest == null || kept == null) continue;
      List<Retained.Thing> things = each.untold(department, latest, BATCH);
      for (Retained.Thing thing : things) {
        if (notices.add(department, kind, thing, kept, policy.notice(), now)) {
          added.merge(kind.wire(), 1, Integer::sum);
        }
      }
      more |= things.size() == BATCH;
    }
    if (!added.isEmpty()) audit.write("project.retention.noticed", department, department, added);
    return more && !added.isEmpty();
  }

  /** Removes a thing. A failure is logged, so that the other things are removed. */
  private boolean removed(Notice notice, Instant now) {
    try {
      return Boolean.TRUE.equals(transaction.execute(status -> remove(notice, now, status)));
    } catch (RuntimeException failed) {
      log.atError()
          .addKeyValue("kind", notice.kind().wire())
          .addKeyValue("id", notice.resourceId())
          .setCause(failed)
          .log("retention_failed");
      return false;
    }
  }

  private boolean remove(Notice notice, Instant now, TransactionStatus status) {
    Retained kind = Objects.requireNonNull(kinds.get(notice.kind()));
    return switch (kind.remove(notice.departmentId(), notice.resourceId())) {
      case REMOVED -> {
        boolean held = notices.end(notice);
        if (!held) status.setRollbackOnly();
        yield held;
      }
      case IN_USE -> {
        Duration again = policies.inForce(notice.departmentId()).notice();
        notices.renew(notice, again, now);
        yield false;
      }
      case GONE -> {
        notices.end(notice);
        yield false;
      }
    };
  }
}
