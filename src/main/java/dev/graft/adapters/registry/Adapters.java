package dev.graft.adapters.registry;

import dev.graft.adapters.Adapter;
import dev.graft.jobs.JobSucceeded;
import dev.graft.platform.Ids;
import dev.graft.retention.RetentionKind;
import dev.graft.retention.RetentionNotices;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The published results of the departments. A foreign department's adapter is like none. */
@Service
public class Adapters implements Owned {
  private static final Logger log = LoggerFactory.getLogger(Adapters.class);

  private static final Pattern CHECKPOINT = Pattern.compile(":ckpt-step-\\d+$");

  private static final String RETENTION = "retention";

  private final AdapterRows rows;
  private final AdapterChanges changes;
  private final RetentionNotices notices;
  private final AuditLog audit;
  private final Ids ids;

  Adapters(
      AdapterRows rows, AdapterChanges changes, RetentionNotices notices, AuditLog audit, Ids ids) {
    this.rows = rows;
    this.changes = changes;
    this.notices = notices;
    this.audit = audit;
    this.ids = ids;
  }

  /** Runs inside the transaction that completes the job: both commit, or neither. */
  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  void publish(JobSucceeded job) {
    String id = ids.next("ad_");
    rows.insert(id, job);
    log.atInfo()
        .addKeyValue("adapter", id)
        .addKeyValue("job", job.jobId())
        .log("adapter_published");
  }

  /** By id. */
  @Transactional(readOnly = true)
  public Optional<Adapter> find(String departmentId, String id) {
    return rows.find(departmentId, id);
  }

  /** By id, of whichever department. */
  @Transactional(readOnly = true)
  public Optional<Adapter> any(String id) {
    return rows.any(id);
  }

  /** By name, the job's {@code fine_tuned_model}. */
  @Transactional(readOnly = true)
  public Optional<Adapter> named(String departmentId, String name) {
    return rows.named(departmentId, name);
  }

  /** By id, by name, or by the name of one of its checkpoints; deleted ones too. */
  @Override
  @Transactional(readOnly = true)
  public Optional<String> departmentOf(String idOrName) {
    return rows.departmentOf(idOrName, CHECKPOINT.matcher(idOrName).replaceFirst(""));
  }

  /** What is left of this adapter, if it was deleted. */
  @Transactional(readOnly = true)
  public Optional<AdapterLineage.Stone> deleted(String departmentId, String id) {
    return rows.stone(departmentId, id).filter(stone -> stone.deletedAt() != null);
  }

  /** All of a department, newest first. */
  @Transactional(readOnly = true)
  public List<Adapter> all(String departmentId) {
    return rows.page(departmentId, AdapterSearch.all(), Integer.MAX_VALUE);
  }

  /** Newest first, at most {@code limit}. */
  @Transactional(readOnly = true)
  public List<Adapter> page(String departmentId, AdapterSearch search, int limit) {
    return rows.page(departmentId, search, limit);
  }

  /**
   * False if it is gone.
   *
   * @param only if it has not changed since it was seen; else false, too
   */
  @Transactional
  public boolean deprecate(Adapter seen, @Nullable DeprecationRequest deprecation, boolean only) {
    if (!changes.deprecate(seen, deprecation, only)) return false;
    String type = deprecation == null ? "adapter.undeprecated" : "adapter.deprecated";
    audit.write(type, seen.departmentId(), seen.id(), Map.of());
    return true;
  }

  /** As {@link #deprecate}. One that is kept is not told of by retention, nor removed. */
  @Transactional
  public boolean keep(Adapter seen, boolean keep, boolean only) {
    if (!changes.keep(seen, keep, only)) return false;
    if (keep) notices.drop(RetentionKind.ADAPTERS, seen.id());
    audit.write("adapter.updated", seen.departmentId(), seen.id(), Map.of("keep", keep));
    return true;
  }

  /**
   * Its files are gone, and its name asks nothing any more; its row stays. Blobs stay until nothing
   * refers to them. False if there is none.
   */
  @Transactional
  public boolean delete(String departmentId, String id) {
    Optional<String> name = changes.delete(departmentId, id, null);
    if (name.isEmpty()) return false;
    notices.drop(RetentionKind.ADAPTERS, id);
    log.atInfo().addKeyValue("adapter", id).log("adapter_deleted");
    audit.write("model.deleted", departmentId, name.get(), Map.of("adapter_id", id));
    return true;
  }

  /** As {@link #delete}, since its department keeps it no longer. */
  @Transactional(propagation = Propagation.MANDATORY)
  void remove(String departmentId, String id) {
    String name = changes.delete(departmentId, id, RETENTION).orElseThrow();
    audit.write("model.deleted", departmentId, name, Map.of("adapter_id", id, "reason", RETENTION));
  }
}
