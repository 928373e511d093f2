package dev.graft.adapters;

import dev.graft.jobs.SourceJobs;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Adapters, which departments keep from their publication unless their owners keep one. */
@Component
class RetainedAdapters implements Retained {
  private final AdapterRows rows;
  private final AdapterIndex index;
  private final Adapters adapters;
  private final SourceJobs jobs;
  private final ModelAliases aliases;

  RetainedAdapters(
      AdapterRows rows,
      AdapterIndex index,
      Adapters adapters,
      SourceJobs jobs,
      ModelAliases aliases) {
    this.aliases = aliases;
    this.rows = rows;
    this.index = index;
    this.adapters = adapters;
    this.jobs = jobs;
  }

  @Override
  public RetentionKind kind() {
    return RetentionKind.ADAPTERS;
  }

  @Override
  public List<Thing> untold(String departmentId, Instant latest, int limit) {
    return index.untold(departmentId, latest, limit);
  }

  @Override
  @Transactional(propagation = Propagation.MANDATORY)
  public Removal remove(String departmentId, String id) {
    Optional<Adapter> adapter = rows.findToChange(departmentId, id).filter(each -> !each.kept());
    if (adapter.isEmpty()) return Removal.GONE;
    if (jobs.needed(adapter.get().origin().jobId())) return Removal.IN_USE;
    if (aliases.need(departmentId, adapter.get().name())) return Removal.IN_USE;
    adapters.remove(adapter.get());
    return Removal.REMOVED;
  }
}
