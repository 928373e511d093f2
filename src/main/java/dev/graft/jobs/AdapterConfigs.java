package dev.graft.jobs;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.jobs.AdapterConfigs.AdapterConfigVersion;
import dev.graft.platform.Cursor;
import dev.graft.platform.ErrorDetail;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.spec.Nearest;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.TrainingSpec;
import dev.graft.tenancy.Owned;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Configurations by name, and what a job's {@code adapter} becomes with them. */
@Service
class AdapterConfigs implements Owned {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  /** What stands in the place of a name in routes. */
  private static final Set<String> ROUTES = Set.of("schema", "validate");

  private static final int LONGEST_DESCRIPTION = 1000;

  /** Of a department, that an unknown one is held against. */
  private static final int MOST_NAMES = 1000;

  private final AdapterConfigRows rows;
  private final AdapterConfigVersions versions;
  private final TransactionLocks locks;
  private final Ids ids;
  private final Clock clock;

  AdapterConfigs(
      AdapterConfigRows rows,
      AdapterConfigVersions versions,
      TransactionLocks locks,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.versions = versions;
    this.locks = locks;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return rows.departmentOf(id);
  }

  /**
   * Expands {@code "balanced"} and {@code {"config": "ac_... or a name", "version": 2, ...}}; every
   * other key overrides the configuration's, inside objects key by key, with null taking one away.
   *
   * @return the object itself, nothing left to look up
   * @throws RequestFailed if there is no such configuration
   */
  public @Nullable JsonNode expand(String departmentId, @Nullable JsonNode adapter) {
    boolean named = adapter != null && adapter.isString();
    if (adapter == null || !named && !adapter.has("config")) return adapter;
    JsonNode key = named ? adapter : adapter.get("config");
    String path = named ? "adapter" : "adapter.config";
    if (!key.isString()) throw RequestFailed.invalid(path, "must be a string");
    AdapterConfigVersion config =
        find(departmentId, key.stringValue(), version(adapter))
            .orElseThrow(
                () -> RequestFailed.invalid(path, unknown(departmentId, key.stringValue())));
    ObjectNode whole = config.adapter().deepCopy();
    if (adapter instanceof ObjectNode object) {
      ObjectNode overrides = object.deepCopy();
      overrides.remove(List.of("config", "version"));
      merge(whole, overrides);
    }
    return whole;
  }

  private String unknown(String departmentId, String key) {
    if (find(departmentId, key, null).isPresent()) {
      return "The adapter configuration '%s' has no such version.".formatted(Nearest.shown(key));
    }
    List<String> presets = Presets.ALL.stream().map(AdapterConfigVersion::name).toList();
    Cursor newest = new Cursor(null, MOST_NAMES, Cursor.SortOrder.DESC);
    Stream<String> own = list(departmentId, newest).stream().map(AdapterConfigVersion::name);
    return "No such adapter configuration: '%s'.%s Presets are %s; GET /v1/adapter_configs lists all."
        .formatted(
            Nearest.shown(key),
            Nearest.sentence(key, Stream.concat(presets.stream(), own).toList()),
            String.join(", ", presets));
  }

  private static @Nullable Integer version(JsonNode adapter) {
    JsonNode version = adapter.isObject() ? adapter.get("version") : null;
    if (version == null || version.isNull()) return null;
    if (version.isIntegralNumber() && version.canConvertToInt() && version.intValue() > 0) {
      return version.intValue();
    }
    throw RequestFailed.invalid("adapter.version", "must be a whole number from 1");
  }

  /** RFC 7396, but another method takes the place of the first whole: its settings are its own. */
  private static void merge(ObjectNode target, ObjectNode patch) {
    if (patch.has("method")) target.remove("peft");
    if (patch.has("peft")) target.remove("method");
    for (String key : patch.propertyNames()) {
      JsonNode value = patch.get(key);
      if (value.isNull()) {
        target.remove(key);
      } else if (value instanceof ObjectNode inner
          && target.get(key) instanceof ObjectNode old
          && sameMethod(old, inner)) {
        merge(old, inner);
      } else {
        target.set(key, value);
      }
    }
  }

  private static boolean sameMethod(ObjectNode old, ObjectNode patch) {
    return !patch.has("peft_type") || patch.get("peft_type").equals(old.get("peft_type"));
  }

  /** By id, name or name of a preset; null = the newest version. */
  Optional<AdapterConfigVersion> find(String departmentId, String key, @Nullable Integer version) {
    Optional<AdapterConfigVersion> preset =
        Presets.named(key).filter(each -> version == null || version == each.version());
    return preset.or(() -> versions.find(departmentId, key, version));
  }

  List<AdapterConfigVersion> list(String departmentId, Cursor page) {
    return versions.list(departmentId, page.after(), page.limit() + 1);
  }

  List<AdapterConfigVersion> versions(String departmentId, String id) {
    return Presets.named(id).map(List::of).orElseGet(() -> versions.of(departmentId, id));
  }

  /** The first version; returns the id. */
  @Transactional
  public String create(
      String departmentId, String name, @Nullable String description, JsonNode adapter) {
    if (!NAME.matcher(name).matches() || Presets.named(name).isPresent() || ROUTES.contains(name)) {
      throw RequestFailed.invalid(
          "name",
          "must be 1 to 63 of a-z, 0-9, '.', '_', '-', first a letter or digit, and no preset's,"
              + " nor schema or validate");
    }
    ObjectNode checked = checked(description, adapter);
    locks.take("adapter configuration " + departmentId + " " + name);
    if (rows.has(departmentId, name)) {
      throw RequestFailed.invalid(
          "name", "There is a configuration of this name; add a version to it");
    }
    Instant now = clock.instant();
    String id = ids.next("ac_");
    rows.insert(id, departmentId, name, now);
    versions.add(id, description, checked, now);
    return id;
  }

  /** Another version of what is there; returns its number. */
  @Transactional
  public String add(
      String departmentId, String id, @Nullable String description, JsonNode adapter) {
    String own = own(departmentId, id);
    ObjectNode checked = checked(description, adapter);
    return String.valueOf(versions.add(own, description, checked, clock.instant()));
  }

  @Transactional
  public void delete(String departmentId, String id) {
    rows.delete(own(departmentId, id), clock.instant());
  }

  private String own(String departmentId, String id) {
    if (Presets.named(id).isPresent()) {
      throw new RequestFailed(ProblemType.WRONG_STATE, "A preset cannot be changed.", "id");
    }
    return rows.lock(departmentId, id)
        .orElseThrow(() -> RequestFailed.notFound("adapter configuration", id));
  }

  private static ObjectNode checked(@Nullable String description, JsonNode adapter) {
    if (description != null && description.length() > LONGEST_DESCRIPTION) {
      throw RequestFailed.invalid("description", "must have at most 1000 characters");
    }
    if (!(adapter instanceof ObjectNode object)) {
      throw RequestFailed.invalid("adapter", "must be an object");
    }
    try {
      TrainingSpec.resolve(object, null, null, null);
      return object;
    } catch (SpecRejected rejected) {
      SpecRejected.Problem first = rejected.problems().getFirst();
      throw new RequestFailed(
          ProblemType.INVALID_REQUEST,
          first.path() + ": " + first.message(),
          first.path(),
          rejected.problems().stream().map(p -> ErrorDetail.at(p.path(), p.message())).toList());
    }
  }

  /** The settings as they would run; as they were given where only an older release took them. */
  static ObjectNode resolved(AdapterConfigVersion config) {
    try {
      return TrainingSpec.toJson(TrainingSpec.resolve(config.adapter(), null, null, null));
    } catch (SpecRejected narrower) {
      return config.adapter().deepCopy();
    }
  }

  /** The statements on {@code adapter_config}: a name, whose settings are its versions. */
  @Repository
  static class AdapterConfigRows {
    private final JdbcClient sql;

    AdapterConfigRows(JdbcClient sql) {
      this.sql = sql;
    }

    Optional<String> departmentOf(String id) {
      return sql.sql("select department_id from adapter_config where id = :id")
          .param("id", id)
          .query(String.class)
          .optional();
    }

    boolean has(String department, String name) {
      return sql.sql(
              """
              select exists (select from adapter_config
                              where department_id = :department and name = :name
                                and deleted_at is null)
              """)
          .param("department", department)
          .param("name", name)
          .query(Boolean.class)
          .single();
    }

    /**
     * The id of the one with this id or name; no one else adds a version before this transaction
     * ends, so that numbers have no gap.
     */
    Optional<String> lock(String department, String key) {
      return sql.sql(
              """
              select id from adapter_config
               where department_id = :department and :key in (id, name) and deleted_at is null
                 for no key update
              """)
          .param("department", department)
          .param("key", key)
          .query(String.class)
          .optional();
    }

    void insert(String id, String department, String name, Instant now) {
      sql.sql(
              """
              insert into adapter_config (id, department_id, name, created_at)
              values (:id, :department, :name, :now)
              """)
          .param("id", id)
          .param("department", department)
          .param("name", name)
          .param("now", parameter(now))
          .update();
    }

    void delete(String id, Instant now) {
      sql.sql("update adapter_config set deleted_at = :now where id = :id")
          .param("id", id)
          .param("now", parameter(now))
          .update();
    }
  }

  /** The statements on {@code adapter_config_version}, whose rows never change. */
  @Repository
  static class AdapterConfigVersions {
    private static final JsonMapper JSON = JsonMapper.shared();

    private static final String READ =
        """
        select c.id, c.name, v.version, v.description, v.adapter, v.created_at
          from adapter_config_version v join adapter_config c on c.id = v.config_id
         where c.department_id = :department and c.deleted_at is null
        """;

    private static final String NEWEST =
        "(select max(w.version) from adapter_config_version w where w.config_id = c.id)";

    private final JdbcClient sql;

    AdapterConfigVersions(JdbcClient sql) {
      this.sql = sql;
    }

    /**
     * @param key id or name
     * @param version null = the newest
     */
    Optional<AdapterConfigVersion> find(String department, String key, @Nullable Integer version) {
      return sql.sql(
              READ
                  + " and :key in (c.id, c.name) and v.version = coalesce(:version, "
                  + NEWEST
                  + ")")
          .param("department", department)
          .param("key", key)
          .param("version", version)
          .query(AdapterConfigVersions::version)
          .optional();
    }

    /** Newest versions, the newest configuration first. */
    List<AdapterConfigVersion> list(String department, @Nullable String after, int limit) {
      return sql.sql(
              READ
                  + " and (:after::text is null or c.id < :after) and v.version = "
                  + NEWEST
                  + " order by c.id desc limit :limit")
          .param("department", department)
          .param("after", after)
          .param("limit", limit)
          .query(AdapterConfigVersions::version)
          .list();
    }

    /** All versions of one, the newest first. */
    List<AdapterConfigVersion> of(String department, String id) {
      return sql.sql(READ + " and c.id = :id order by v.version desc")
          .param("department", department)
          .param("id", id)
          .query(AdapterConfigVersions::version)
          .list();
    }

    private static AdapterConfigVersion version(ResultSet row, int number) throws SQLException {
      return new AdapterConfigVersion(
          row.getString("id"),
          row.getString("name"),
          row.getInt("version"),
          row.getString("description"),
          (ObjectNode) JSON.readTree(row.getString("adapter")),
          time(row, "created_at"),
          false);
    }

    /** Returns its number, from 1. */
    int add(String id, @Nullable String description, ObjectNode adapter, Instant now) {
      return sql.sql(
              """
              insert into adapter_config_version (config_id, version, description, adapter, created_at)
              values (:id,
                      (select coalesce(max(version), 0) + 1 from adapter_config_version
                        where config_id = :id),
                      :description, :adapter::jsonb, :now)
              returning version
              """)
          .param("id", id)
          .param("description", description)
          .param("adapter", adapter.toString())
          .param("now", parameter(now))
          .query(Integer.class)
          .single();
    }
  }

  /**
   * One version of a named configuration.
   *
   * @param id {@code ac_...}, or the name of a preset
   * @param adapter as a job would say it
   */
  record AdapterConfigVersion(
      String id,
      String name,
      int version,
      @Nullable String description,
      ObjectNode adapter,
      Instant createdAt,
      boolean preset) {}

  /** Configurations that every department has. */
  static final class Presets {
    private static final JsonMapper JSON = JsonMapper.shared();

    static final List<AdapterConfigVersion> ALL =
        List.of(
            preset(
                "draft",
                "One pass with a small LoRA: minutes, to see whether the data works at all.",
                """
                {"peft": {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": "all-linear"},
                 "training": {"num_train_epochs": 1, "learning_rate": 2e-4, "lr_scheduler_type": "linear",
                              "warmup_ratio": 0.03}}
                """),
            preset(
                "balanced",
                "LoRA on every linear layer, three passes: where to start.",
                """
                {"peft": {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "target_modules": "all-linear"},
                 "training": {"num_train_epochs": 3, "learning_rate": 2e-4, "lr_scheduler_type": "cosine",
                              "warmup_ratio": 0.03}}
                """),
            preset(
                "quality",
                "A larger rank-stabilised LoRA with dropout, five passes.",
                """
                {"peft": {"peft_type": "LORA", "r": 64, "lora_alpha": 16, "lora_dropout": 0.05,
                          "use_rslora": true, "target_modules": "all-linear"},
                 "training": {"num_train_epochs": 5, "learning_rate": 1e-4, "lr_scheduler_type": "cosine",
                              "warmup_ratio": 0.05}}
                """),
            preset(
                "edge",
                "The smallest adapter, which every loader takes: for devices with little memory.",
                """
                {"peft": {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
                 "training": {"num_train_epochs": 3, "learning_rate": 3e-4, "lr_scheduler_type": "cosine",
                              "warmup_ratio": 0.03}}
                """));

    private Presets() {}

    static Optional<AdapterConfigVersion> named(String name) {
      return ALL.stream().filter(each -> each.name().equals(name)).findFirst();
    }

    private static AdapterConfigVersion preset(String name, String description, String adapter) {
      ObjectNode json = (ObjectNode) JSON.readTree(adapter);
      return new AdapterConfigVersion(name, name, 1, description, json, Instant.EPOCH, true);
    }
  }
}
