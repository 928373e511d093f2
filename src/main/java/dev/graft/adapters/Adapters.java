package dev.graft.adapters;

import dev.graft.jobs.JobSucceeded;
import dev.graft.platform.Ids;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.EventListener;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The published results of the departments. A foreign department's adapter is like none. */
@Service
@Profile("server")
public class Adapters implements Owned {
  private static final Logger log = LoggerFactory.getLogger(Adapters.class);

  private static final Pattern CHECKPOINT = Pattern.compile(":ckpt-step-\\d+$");

  private final AdapterRows rows;
  private final AuditLog audit;
  private final Clock clock;
  private final Ids ids;

  Adapters(AdapterRows rows, AuditLog audit, Clock clock, Ids ids) {
    this.rows = rows;
    this.audit = audit;
    this.clock = clock;
    this.ids = ids;
  }

  /** Runs inside the transaction that completes the job: both commit, or neither. */
  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  void publish(JobSucceeded job) {
    AdapterRow row =
        new AdapterRow(ids.next("ad_"), job, clock.instant().truncatedTo(ChronoUnit.MICROS));
    rows.saveAndFlush(row);
    log.atInfo()
        .addKeyValue("adapter", row.adapter().id())
        .addKeyValue("job", job.jobId())
        .log("adapter_published");
  }

  /** By id. */
  @Transactional(readOnly = true)
  public Optional<Adapter> find(String departmentId, String id) {
    return rows.findByDepartmentIdAndId(departmentId, id).map(AdapterRow::adapter);
  }

  /** By id, of whichever department. */
  @Transactional(readOnly = true)
  Optional<Adapter> any(String id) {
    return rows.findById(id).map(AdapterRow::adapter);
  }

  /** By name, the job's {@code fine_tuned_model}. */
  @Transactional(readOnly = true)
  public Optional<Adapter> named(String departmentId, String name) {
    return rows.findByDepartmentIdAndName(departmentId, name).map(AdapterRow::adapter);
  }

  /** By id, by name, or by the name of one of its checkpoints. */
  @Override
  @Transactional(readOnly = true)
  public Optional<String> departmentOf(String idOrName) {
    String name = CHECKPOINT.matcher(idOrName).replaceFirst("");
    return rows.findFirstByIdOrName(idOrName, name).map(row -> row.adapter().departmentId());
  }

  /** All of a department, newest first. */
  @Transactional(readOnly = true)
  public List<Adapter> all(String departmentId) {
    return page(departmentId, null, Integer.MAX_VALUE);
  }

  /**
   * Newest first.
   *
   * @param after id of the last adapter of the page before; an unknown one gives an empty page
   */
  @Transactional(readOnly = true)
  public List<Adapter> page(String departmentId, @Nullable String after, int limit) {
    if (after == null) {
      return adapters(
          rows.findByDepartmentIdOrderByCreatedAtDescIdDesc(departmentId, Limit.of(limit)));
    }
    return rows.findByDepartmentIdAndId(departmentId, after)
        .map(AdapterRow::adapter)
        .map(
            last ->
                adapters(
                    rows.findAfter(departmentId, last.createdAt(), last.id(), Limit.of(limit))))
        .orElse(List.of());
  }

  /** Removes the adapter of this name; its blobs stay until nothing refers to them. */
  @Transactional
  public boolean delete(String departmentId, String name) {
    Optional<AdapterRow> row = rows.findByDepartmentIdAndName(departmentId, name);
    row.ifPresent(rows::delete);
    row.ifPresent(
        gone -> log.atInfo().addKeyValue("adapter", gone.adapter().id()).log("adapter_deleted"));
    row.ifPresent(gone -> audit.write("model.deleted", departmentId, name, Map.of()));
    return row.isPresent();
  }

  private static List<Adapter> adapters(List<AdapterRow> rows) {
    return rows.stream().map(AdapterRow::adapter).toList();
  }
}
