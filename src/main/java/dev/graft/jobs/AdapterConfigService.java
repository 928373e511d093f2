package dev.graft.jobs;

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
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Adapter configurations, and their expansion in a job's {@code adapter}. */
@Service
class AdapterConfigService implements Owned {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  /** Words that routes have in the place of a name. */
  private static final Set<String> ROUTES = Set.of("schema", "validate");

  private static final int LONGEST_DESCRIPTION = 1000;

  /** Names of a department that are compared with an unknown one. */
  private static final int MOST_NAMES = 1000;

  private final AdapterConfigs configs;
  private final TransactionLocks locks;
  private final Ids ids;
  private final Clock clock;

  AdapterConfigService(AdapterConfigs configs, TransactionLocks locks, Ids ids, Clock clock) {
    this.configs = configs;
    this.locks = locks;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return configs.departmentOf(id);
  }

  /**
   * Expands {@code "balanced"} and {@code {"config": "ac_... or a name", "version": 2, ...}}; every
   * other key overrides the configuration's, inside objects key by key, and null removes a key.
   *
   * @return the settings
   * @throws RequestFailed if there is no such configuration
   */
  @Nullable JsonNode expand(String departmentId, @Nullable JsonNode adapter) {
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

  /** Merges as RFC 7396 does, except that another method replaces the whole method. */
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

  /** Finds a version by id, name or name of a preset; null = the newest version. */
  Optional<AdapterConfigVersion> find(String departmentId, String key, @Nullable Integer version) {
    Optional<AdapterConfigVersion> preset =
        Presets.named(key).filter(each -> version == null || version == each.version());
    return preset.or(() -> configs.version(departmentId, key, version));
  }

  List<AdapterConfigVersion> list(String departmentId, Cursor page) {
    return configs.newest(departmentId, page.after(), Limit.of(page.limit() + 1));
  }

  List<AdapterConfigVersion> versions(String departmentId, String id) {
    return Presets.named(id).map(List::of).orElseGet(() -> configs.versions(departmentId, id));
  }

  /** Creates a configuration with its first version; returns its id. */
  @Transactional
  public String create(
      String departmentId, String name, @Nullable String description, JsonNode adapter) {
    if (!NAME.matcher(name).matches() || Presets.named(name).isPresent() || ROUTES.contains(name)) {
      throw RequestFailed.invalid(
          "name",
          "must be 1 to 63 characters of a-z, 0-9, '.', '_' and '-', begin with a letter or digit, and"
              + " not be schema, validate or the name of a preset");
    }
    ObjectNode checked = checked(description, adapter);
    locks.take("adapter configuration " + departmentId + " " + name);
    if (configs.existsByDepartmentIdAndNameAndDeletedAtIsNull(departmentId, name)) {
      throw RequestFailed.invalid(
          "name", "A configuration of this name exists; add a version to it");
    }
    Instant now = clock.instant();
    var config = new AdapterConfig(ids.next("ac_"), departmentId, name, now);
    config.add(1, description, checked, now);
    return configs.save(config).id();
  }

  /** Adds a version to a configuration; returns its number. */
  @Transactional
  public String add(
      String departmentId, String id, @Nullable String description, JsonNode adapter) {
    AdapterConfig own = own(departmentId, id);
    int version = configs.newestVersion(own) + 1;
    own.add(version, description, checked(description, adapter), clock.instant());
    return String.valueOf(version);
  }

  @Transactional
  public void delete(String departmentId, String id) {
    own(departmentId, id).delete(clock.instant());
  }

  private AdapterConfig own(String departmentId, String id) {
    if (Presets.named(id).isPresent()) {
      throw new RequestFailed(ProblemType.WRONG_STATE, "A preset cannot be changed.", "id");
    }
    return configs
        .findToChange(departmentId, id)
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

  /** Returns the settings as they would run; as they were given if this release refuses them. */
  static ObjectNode resolved(AdapterConfigVersion config) {
    try {
      return TrainingSpec.toJson(TrainingSpec.resolve(config.adapter(), null, null, null));
    } catch (SpecRejected narrower) {
      return config.adapter().deepCopy();
    }
  }
}
