package dev.graft.adapters;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;
import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.MANIFEST;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.catalog.BaseModels.BaseModelUse;
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
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;

/** The adapters of departments. Another department's adapter looks as if it did not exist. */
@Service
@Transactional(readOnly = true)
public class Adapters implements Owned {
  private static final Logger log = LoggerFactory.getLogger(Adapters.class);

  private static final Pattern CHECKPOINT = Pattern.compile(":ckpt-step-\\d+$");

  private static final int MOST_NAMES = 1000;

  private final StoredAdapters rows;
  private final AdapterIndex index;
  private final ModelAliases aliases;
  private final RetentionNotices notices;
  private final AuditLog audit;
  private final ApplicationEventPublisher events;
  private final Ids ids;
  private final Clock clock;

  Adapters(
      StoredAdapters rows,
      AdapterIndex index,
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
    rows.saveAndFlush(new StoredAdapter(id, job, clock.instant()));
    log.atInfo()
        .addKeyValue("adapter", id)
        .addKeyValue("job", job.jobId())
        .log("adapter_published");
  }

  /** By id. */
  public Optional<Adapter> find(String departmentId, String id) {
    return rows.find(departmentId, id).map(StoredAdapter::view);
  }

  /** By id, of any department. */
  public Optional<Adapter> any(String id) {
    return rows.findByIdAndDeletedAtIsNull(id).map(StoredAdapter::view);
  }

  /** By name, the job's {@code fine_tuned_model}. */
  public Optional<Adapter> named(String departmentId, String name) {
    return rows.named(departmentId, name).map(StoredAdapter::view);
  }

  /** By name or id. The adapter cannot be deleted before this transaction ends. */
  @Transactional(propagation = Propagation.MANDATORY)
  public Optional<Adapter> hold(String departmentId, String nameOrId) {
    return rows.findToHold(departmentId, nameOrId).map(StoredAdapter::view);
  }

  /** Finds deleted adapters too: by id, name, or the name of a checkpoint. */
  @Override
  public Optional<String> departmentOf(String idOrName) {
    return rows.departmentOf(idOrName, CHECKPOINT.matcher(idOrName).replaceFirst(""));
  }

  /** Finds the adapter only if it was deleted. */
  Optional<StoredAdapter> deleted(String departmentId, String id) {
    return rows.findByDepartmentIdAndId(departmentId, id).filter(row -> row.deletedAt() != null);
  }

  /** All of a department, newest first. */
  public List<Adapter> all(String departmentId) {
    return rows.all(departmentId).stream().map(StoredAdapter::view).toList();
  }

  /** Of all departments. */
  public List<Adapter> onBaseModels(Collection<String> baseModels) {
    return rows.findByBaseModelInAndDeletedAtIsNull(baseModels).stream()
        .map(StoredAdapter::view)
        .toList();
  }

  /** Names, newest first, at most a thousand. */
  public List<String> names(String departmentId) {
    return rows.names(departmentId, Limit.of(MOST_NAMES));
  }

  /** At most {@code limit}, newest first. */
  public List<Adapter> page(String departmentId, AdapterIndex.Search search, int limit) {
    List<String> ids;
    List<StoredAdapter> found;
    do {
      ids = index.page(departmentId, search, limit);
      found = rows.all(ids);
    } while (found.size() < ids.size()); // one was deleted in between
    return found.stream().map(StoredAdapter::view).toList();
  }

  /**
   * Returns false if the adapter is gone.
   *
   * @param only whether to return false as well if it has changed since it was {@code seen}
   */
  @Transactional
  public boolean deprecate(Adapter seen, @Nullable DeprecationRequest deprecation, boolean only) {
    Optional<StoredAdapter> row = toChange(seen, only);
    if (row.isEmpty()) return false;
    row.get().deprecate(deprecation, clock.instant());
    String type = deprecation == null ? "adapter.undeprecated" : "adapter.deprecated";
    audit.write(type, seen.departmentId(), seen.id(), Map.of("model", seen.name()));
    return true;
  }

  /** As {@link #deprecate}. Retention neither announces nor removes a kept adapter. */
  @Transactional
  public boolean keep(Adapter seen, boolean keep, boolean only) {
    Optional<StoredAdapter> row = toChange(seen, only);
    if (row.isEmpty()) return false;
    row.get().keep(keep);
    if (keep) notices.drop(RetentionKind.ADAPTERS, seen.id());
    Map<String, Object> what = Map.of("model", seen.name(), "keep", keep);
    audit.write("adapter.updated", seen.departmentId(), seen.id(), what);
    return true;
  }

  private Optional<StoredAdapter> toChange(Adapter seen, boolean only) {
    return rows.findToChange(seen.departmentId(), seen.id())
        .filter(row -> !only || row.version() == seen.version());
  }

  /** Keeps the archive unless another server was first; returns the one that is kept. */
  @Transactional
  public BlobRef keepArchive(Adapter adapter, BlobRef made) {
    // The adapter may belong to another department that shares it.
    EveryDepartment.call(() -> rows.keepArchive(adapter.id(), made.sha256().hex(), made.bytes()));
    return any(adapter.id()).map(Adapter::archive).orElse(made);
  }

  /**
   * Deletes the files and frees the name; the row stays. Blobs stay until nothing refers to them.
   * Returns false if there is no such adapter.
   *
   * @throws RequestFailed if an alias stands for it
   */
  @Transactional
  public boolean delete(String departmentId, String id) {
    StoredAdapter adapter = rows.findToChange(departmentId, id).orElse(null);
    if (adapter == null) return false;
    List<String> names = aliases.of(departmentId, adapter.name());
    if (!names.isEmpty()) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The alias %s stands for '%s': move it to another model first."
              .formatted(String.join(", ", names), adapter.name()),
          "model");
    }
    delete(adapter, false, Map.of("adapter_id", id));
    notices.drop(RetentionKind.ADAPTERS, id);
    log.atInfo().addKeyValue("adapter", id).log("adapter_deleted");
    return true;
  }

  @Transactional(propagation = Propagation.MANDATORY)
  void delete(StoredAdapter adapter, boolean byRetention, Map<String, String> details) {
    adapter.delete(byRetention, clock.instant());
    rows.saveAndFlush(adapter);
    events.publishEvent(new AdapterDeleted(adapter.departmentId(), adapter.id()));
    audit.write("model.deleted", adapter.departmentId(), adapter.name(), details);
  }

  /**
   * The {@code deprecation} field of a change.
   *
   * @param notice of 1 to 1000 characters
   */
  record DeprecationRequest(String notice, @Nullable Instant retiresAt) {
    private static final int LONGEST = 1000;
    private static final long YEAR_9999 = 253_402_300_799L;
    public static final String NAME = "deprecation";

    /** Returns null if the request withdraws the deprecation. */
    public static @Nullable DeprecationRequest of(JsonNode body) {
      if (body.isNull()) return null;
      if (!body.isObject()) throw RequestFailed.invalid(NAME, NAME + " must be an object or null.");
      for (String key : body.propertyNames()) {
        if (!key.equals("notice") && !key.equals("retires_at")) throw unknown(NAME + "." + key);
      }
      return new DeprecationRequest(
          notice(body.path("notice")), retiresAt(body.path("retires_at")));
    }

    private static String notice(JsonNode notice) {
      String text = notice.asString("").strip();
      if (notice.isString() && !text.isEmpty() && text.length() <= LONGEST) return text;
      throw RequestFailed.invalid(
          NAME + ".notice", NAME + ".notice must be text of 1 to " + LONGEST + " characters.");
    }

    private static @Nullable Instant retiresAt(JsonNode at) {
      if (at.isNull() || at.isMissingNode()) return null;
      if (at.isIntegralNumber() && at.canConvertToLong()) {
        long seconds = at.longValue();
        if (seconds >= 0 && seconds <= YEAR_9999) return Instant.ofEpochSecond(seconds);
      }
      throw RequestFailed.invalid(
          NAME + ".retires_at", NAME + ".retires_at must be a time in unix seconds.");
    }

    public static RequestFailed unknown(String key) {
      return new RequestFailed(
          ProblemType.UNKNOWN_PARAMETER, "Unknown parameter: '" + key + "'.", key);
    }
  }

  /** Published in the transaction that deletes an adapter; its exports are deleted with it. */
  record AdapterDeleted(String departmentId, String adapterId) {}

  /** Retention of adapters, counted from publication, unless an owner keeps one. */
  @Component
  static class RetainedAdapters implements Retained {
    private final StoredAdapters rows;
    private final AdapterIndex index;
    private final Adapters adapters;
    private final SourceJobs jobs;
    private final ModelAliases aliases;

    RetainedAdapters(
        StoredAdapters rows,
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
      StoredAdapter adapter =
          rows.findToChange(departmentId, id).filter(each -> !each.kept()).orElse(null);
      if (adapter == null) return Removal.GONE;
      if (jobs.needed(adapter.origin().jobId())) return Removal.IN_USE;
      if (aliases.need(departmentId, adapter.name())) return Removal.IN_USE;
      adapters.delete(adapter, true, Map.of("adapter_id", id, "reason", "retention"));
      return Removal.REMOVED;
    }
  }

  /** Chats with an adapter need its base model. */
  @Component
  static class AdaptersOnBaseModels implements BaseModelUse {
    private final StoredAdapters rows;

    AdaptersOnBaseModels(StoredAdapters rows) {
      this.rows = rows;
    }

    @Override
    public String name() {
      return "adapters";
    }

    @Override
    public long count(String baseModel) {
      return rows.countByBaseModelAndDeletedAtIsNull(baseModel);
    }
  }

  /** Blobs of adapters and exports; a deleted adapter has no manifest. */
  @Component
  static class AdapterBlobs implements BlobReferences {
    /** Training that continues from an adapter starts on the base of the adapter's job. */
    private static final String BASE_OF_ONE =
        "exists (select from adapter a where a.job_id = job.id and a.deleted_at is null)";

    @Override
    public List<BlobColumn> columns() {
      return List.of(
          new BlobColumn("adapter", "manifest", MANIFEST),
          new BlobColumn("adapter", "archive", BLOB, "deleted_at is null"),
          new BlobColumn("adapter_export", "content_digest", BLOB),
          new BlobColumn("job", "base_manifest", MANIFEST, BASE_OF_ONE));
    }
  }
}
