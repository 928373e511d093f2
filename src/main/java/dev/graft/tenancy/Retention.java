package dev.graft.tenancy;

import dev.graft.artifacts.BlobProperties;
import dev.graft.tenancy.RetentionNotices.RetentionNotice;
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
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;
import org.springframework.stereotype.Service;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.TransactionTemplate;

/** Tells what will be removed, and removes it; any number of servers may do so at once. */
@Service
public class Retention {
  private static final Logger log = LoggerFactory.getLogger(Retention.class);
  private static final int BATCH = 500;

  private final RetentionPolicies policies;
  private final RetentionNotices notices;
  private final Map<RetentionKind, Retained> things = new EnumMap<>(RetentionKind.class);
  private final AuditLog audit;
  private final TransactionTemplate transaction;
  private final Clock clock;

  Retention(
      RetentionPolicies policies,
      RetentionNotices notices,
      List<Retained> things,
      AuditLog audit,
      TransactionTemplate transaction,
      Clock clock) {
    this.policies = policies;
    this.notices = notices;
    things.forEach(each -> this.things.put(each.kind(), each));
    this.audit = audit;
    this.transaction = transaction;
    this.clock = clock;
  }

  /** Returns how many things it removed. */
  public int sweep() {
    Instant now = clock.instant();
    for (String department : policies.toSweep()) {
      while (Boolean.TRUE.equals(transaction.execute(status -> tell(department, now)))) {
        // There is more of it: the next batch is the next transaction.
      }
    }
    int removed = 0;
    List<RetentionNotice> due = notices.due(now, null, BATCH);
    while (!due.isEmpty()) {
      for (RetentionNotice notice : due) {
        if (removed(notice, now)) removed++;
      }
      due = notices.due(now, due.getLast(), BATCH);
    }
    if (removed > 0) log.atInfo().addKeyValue("things", removed).log("retention_removed");
    return removed;
  }

  /** Brings the notices of a department up to its policy; whether there may be more to tell. */
  private boolean tell(String department, Instant now) {
    policies.takeTurn(department);
    RetentionPolicies.RetentionPolicy policy = policies.inForce(department);
    Map<String, Integer> told = new TreeMap<>();
    boolean more = false;
    for (Retained each : things.values()) {
      RetentionKind kind = each.kind();
      notices.hold(department, kind, policy, now);
      Instant latest = policy.latestTold(kind, now);
      Duration kept = policy.kept(kind);
      if (latest == null || kept == null) continue;
      List<Retained.Thing> untold = each.untold(department, latest, BATCH);
      for (Retained.Thing thing : untold) {
        if (notices.tell(department, kind, thing, kept, policy.notice(), now)) {
          told.merge(kind.wire(), 1, Integer::sum);
        }
      }
      more |= untold.size() == BATCH;
    }
    if (!told.isEmpty()) audit.write("project.retention.noticed", department, department, told);
    return more && !told.isEmpty();
  }

  /** A thing that cannot be removed keeps no other from it. */
  private boolean removed(RetentionNotice notice, Instant now) {
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

  private boolean remove(RetentionNotice notice, Instant now, TransactionStatus status) {
    Retained kind = Objects.requireNonNull(things.get(notice.kind()));
    return switch (kind.remove(notice.departmentId(), notice.resourceId())) {
      case REMOVED -> {
        boolean held = notices.end(notice);
        if (!held) status.setRollbackOnly();
        yield held;
      }
      case IN_USE -> {
        Duration again = policies.inForce(notice.departmentId()).notice();
        notices.tellAgain(notice, again, now);
        yield false;
      }
      case GONE -> {
        notices.end(notice);
        yield false;
      }
    };
  }

  /** Settings of retention. */
  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties({
    RetentionPolicies.RetentionProperties.class,
    BlobProperties.class
  })
  static class RetentionConfiguration {}
}
