package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.jobs.JobSucceeded;
import dev.graft.jobs.SourceJobs;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import dev.graft.tenancy.RetentionNotices;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;

/** The published results of the departments. A foreign department's adapter is like none. */
@Service
public class Adapters implements Owned {
  private static final Logger log = LoggerFactory.getLogger(Adapters.class);

  private static final Pattern CHECKPOINT = Pattern.compile(":ckpt-step-\\d+$");

  private static final String RETENTION = "retention";
  private static final int MOST_NAMES = 1000;

  private final AdapterRows rows;
  private final AdapterRows.AdapterIndex index;
  private final ModelAliases aliases;
  private final RetentionNotices notices;
  private final AuditLog audit;
  private final ApplicationEventPublisher events;
  private final Ids ids;
  private final Clock clock;

  Adapters(
      AdapterRows rows,
      AdapterRows.AdapterIndex index,
      ModelAliases aliases,
      RetentionNotices notices,
      AuditLog audit,
      ApplicationEventPublisher events,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.index = index;
    this.aliases = aliases;
    this.notices = notices;
    this.audit = audit;
    this.events = events;
    this.ids = ids;
    this.clock = clock;
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

  /** By name or id, and not deleted before this transaction ends. */
  @Transactional(propagation = Propagation.MANDATORY)
  public Optional<Adapter> hold(String departmentId, String nameOrId) {
    return rows.findToHold(departmentId, nameOrId);
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
    return rows.all(departmentId);
  }

  /** Of whichever departments. */
  @Transactional(readOnly = true)
  public List<Adapter> onBaseModels(Collection<String> baseModels) {
    return rows.onBaseModels(baseModels);
  }

  /** Of all of a department, newest first, at most a thousand. */
  public List<String> names(String departmentId) {
    return rows.names(departmentId, MOST_NAMES);
  }

  /** Newest first, {@code limit} of them as long as there are so many. */
  @Transactional(readOnly = true)
  public List<Adapter> page(String departmentId, AdapterRows.AdapterSearch search, int limit) {
    List<String> ids;
    List<Adapter> found;
    do {
      ids = index.page(departmentId, search, limit);
      found = rows.all(ids);
    } while (found.size() < ids.size()); // one was deleted in between: others follow it
    return found;
  }

  /**
   * False if it is gone.
   *
   * @param only if it has not changed since it was seen; else false, too
   */
  @Transactional
  public boolean deprecate(Adapter seen, @Nullable DeprecationRequest deprecation, boolean only) {
    if (!hold(seen, only)) return false;
    rows.deprecate(seen.id(), deprecation, clock.instant());
    String type = deprecation == null ? "adapter.undeprecated" : "adapter.deprecated";
    audit.write(type, seen.departmentId(), seen.id(), Map.of("model", seen.name()));
    return true;
  }

  /** As {@link #deprecate}. One that is kept is not told of by retention, nor removed. */
  @Transactional
  public boolean keep(Adapter seen, boolean keep, boolean only) {
    if (!hold(seen, only)) return false;
    rows.keep(seen.id(), keep);
    if (keep) notices.drop(RetentionKind.ADAPTERS, seen.id());
    Map<String, Object> what = Map.of("model", seen.name(), "keep", keep);
    audit.write("adapter.updated", seen.departmentId(), seen.id(), what);
    return true;
  }

  private boolean hold(Adapter seen, boolean only) {
    Optional<Adapter> now = rows.findToChange(seen.departmentId(), seen.id());
    return now.isPresent() && (!only || now.get().version() == seen.version());
  }

  /** Keeps its archive, unless another server has been first; returns the one that is kept. */
  @Transactional
  public BlobRef keepArchive(Adapter adapter, BlobRef made) {
    // Of another department where that lets this one download.
    EveryDepartment.call(() -> rows.keepArchive(adapter.id(), made));
    return any(adapter.id()).map(Adapter::archive).orElse(made);
  }

  /**
   * Its files are gone, and its name asks nothing any more; its row stays. Blobs stay until nothing
   * refers to them. False if there is none.
   *
   * @throws RequestFailed if an alias stands for it
   */
  @Transactional
  public boolean delete(String departmentId, String id) {
    Optional<Adapter> adapter = rows.findToChange(departmentId, id);
    if (adapter.isEmpty()) return false;
    List<String> names = aliases.of(departmentId, adapter.get().name());
    if (!names.isEmpty()) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "'%s' is what the alias %s stands for: move it to another model first."
              .formatted(adapter.get().name(), String.join(", ", names)),
          "model");
    }
    delete(adapter.get(), null, Map.of("adapter_id", id));
    notices.drop(RetentionKind.ADAPTERS, id);
    log.atInfo().addKeyValue("adapter", id).log("adapter_deleted");
    return true;
  }

  /** As {@link #delete}, since its department keeps it no longer. */
  @Transactional(propagation = Propagation.MANDATORY)
  void remove(Adapter adapter) {
    delete(adapter, RETENTION, Map.of("adapter_id", adapter.id(), "reason", RETENTION));
  }

  private void delete(Adapter adapter, @Nullable String reason, Map<String, String> details) {
    rows.delete(adapter.id(), reason, clock.instant());
    events.publishEvent(new AdapterDeleted(adapter.departmentId(), adapter.id()));
    audit.write("model.deleted", adapter.departmentId(), adapter.name(), details);
  }

  /**
   * The {@code deprecation} of a change: an object, or null to take one back.
   *
   * @param notice of 1 to 1000 characters
   */
  record DeprecationRequest(String notice, @Nullable Instant retiresAt) {
    private static final int LONGEST = 1000;
    private static final long YEAR_9999 = 253_402_300_799L;
    public static final String NAME = "deprecation";

    /** Null where it is taken back. */
    public static @Nullable DeprecationRequest of(JsonNode said) {
      if (said.isNull()) return null;
      if (!said.isObject()) throw RequestFailed.invalid(NAME, NAME + " must be an object or null.");
      for (String key : said.propertyNames()) {
        if (!key.equals("notice") && !key.equals("retires_at")) throw unknown(NAME + "." + key);
      }
      return new DeprecationRequest(
          notice(said.path("notice")), retiresAt(said.path("retires_at")));
    }

    private static String notice(JsonNode notice) {
      String text = notice.asString("").strip();
      if (notice.isString() && !text.isEmpty() && text.length() <= LONGEST) return text;
      throw RequestFailed.invalid(
          NAME + ".notice", "must say in 1 to " + LONGEST + " characters what to use instead");
    }

    private static @Nullable Instant retiresAt(JsonNode at) {
      if (at.isNull() || at.isMissingNode()) return null;
      if (at.isIntegralNumber() && at.canConvertToLong()) {
        long seconds = at.longValue();
        if (seconds >= 0 && seconds <= YEAR_9999) return Instant.ofEpochSecond(seconds);
      }
      throw RequestFailed.invalid(NAME + ".retires_at", "must be unix seconds");
    }

    public static RequestFailed unknown(String key) {
      return new RequestFailed(
          ProblemType.UNKNOWN_PARAMETER, "Unknown parameter: '" + key + "'.", key);
    }
  }

  /** Published inside the transaction that deletes an adapter: what was made of it goes with it. */
  record AdapterDeleted(String departmentId, String adapterId) {}

  /** Adapters, which departments keep from their publication unless their owners keep one. */
  @Component
  static class RetainedAdapters implements Retained {
    private final AdapterRows rows;
    private final AdapterRows.AdapterIndex index;
    private final Adapters adapters;
    private final SourceJobs jobs;
    private final ModelAliases aliases;

    RetainedAdapters(
        AdapterRows rows,
        AdapterRows.AdapterIndex index,
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
}
