package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModels;
import dev.graft.jobs.ParentModels.ParentModel;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.ContinuedMethod;
import dev.graft.spec.Nearest;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Finds the model that a request continues from: {@code model} names an earlier result or a
 * checkpoint, as in OpenAI's API, or {@code adapter.continue_from} does, or the id of an adapter.
 */
@Component
class ParentLookup {
  static final String CONTINUE_FROM = "continue_from";

  private static final String PATH = "adapter." + CONTINUE_FROM;
  private static final String CONFIG = "adapter_config.json";
  private static final String PLAIN = "plain_lora/";
  private static final String WEIGHTS = "model.safetensors";
  private static final int LARGEST_CONFIG = 1 << 20;

  private final ParentModels models;
  private final BaseModels baseModels;
  private final ArtifactStore store;
  private final JdbcClient sql;

  ParentLookup(ParentModels models, BaseModels baseModels, ArtifactStore store, JdbcClient sql) {
    this.models = models;
    this.baseModels = baseModels;
    this.store = store;
    this.sql = sql;
  }

  /**
   * Returns {@code {"continue_from": "ad_..."}} for the id of an adapter; else the value itself.
   */
  static @Nullable JsonNode spelledOut(@Nullable JsonNode adapter) {
    return adapter != null && adapter.isString() && adapter.stringValue().startsWith("ad_")
        ? JsonMapper.shared().createObjectNode().set(CONTINUE_FROM, adapter)
        : adapter;
  }

  /**
   * Finds the model that training continues from; empty if it starts from a base model, or {@code
   * model} is unknown.
   *
   * @param body of the request; {@code adapter.continue_from} is removed from it
   * @throws RequestFailed if there is no such model, or training cannot continue from it
   */
  Optional<ContinuedTraining> of(String departmentId, JsonNode body) {
    String model = body.path("model").asString("");
    JsonNode from =
        body.path("adapter") instanceof ObjectNode adapter ? adapter.remove(CONTINUE_FROM) : null;
    if (from == null || from.isNull()) {
      if (baseModels.find(model).isPresent()) return Optional.empty();
      return models.find(departmentId, model).map(parent -> inheritance(parent, "model"));
    }
    if (!from.isString())
      throw RequestFailed.invalid(PATH, "must be the name of a model, or the id of an adapter");
    String name = from.stringValue();
    ParentModel parent =
        models.find(departmentId, name).orElseThrow(() -> unknown(name, names(departmentId), PATH));
    if (!model.equals(parent.baseModel()) && !model.equals(parent.name())) {
      throw RequestFailed.invalid(
          "model", "must be %s, the base model of %s".formatted(parent.baseModel(), name));
    }
    return Optional.of(inheritance(parent, PATH));
  }

  /** See {@link ParentModels#names}. */
  List<String> names(String departmentId) {
    return models.names(departmentId);
  }

  /**
   * Returns the refusal of a model that does not exist, with the names that may have been meant.
   *
   * @param known names that the department may see
   * @param param field of the request that has the name
   */
  static RequestFailed unknown(String name, Collection<String> known, String param) {
    String message =
        "No such model: '%s'.%s GET /v1/models lists all (graft models available)."
            .formatted(Nearest.shown(name), Nearest.sentence(name, known));
    return new RequestFailed(ProblemType.MODEL_NOT_FOUND, message, param).about(name);
  }

  private ContinuedTraining inheritance(ParentModel parent, String param) {
    try {
      Manifest files = ManifestDirectory.read(store, parent.manifest());
      if (files.files().containsKey(CONFIG)) return adapter(parent, files, param);
      return files.files().containsKey(WEIGHTS)
          ? new ContinuedTraining(parent, parent.manifest(), null, null)
          : new ContinuedTraining(parent, baseOf(parent), parent.manifest(), null);
    } catch (IOException e) {
      throw new UncheckedIOException("the model that a job continues from cannot be read", e);
    }
  }

  /** Returns the adapter itself, or its plain form if its method cannot continue. */
  private ContinuedTraining adapter(ParentModel parent, Manifest files, String param)
      throws IOException {
    AdapterMethod method = method(parent, files, param);
    String obstacle = ContinuedMethod.obstacle(method);
    if (obstacle == null) {
      return new ContinuedTraining(parent, baseOf(parent), parent.manifest(), method);
    }
    Manifest plain = plainForm(files);
    if (!plain.files().containsKey(CONFIG)) throw cannot(parent, obstacle, param);
    byte[] json = plain.toJson();
    Digest start = store.put(new ByteArrayInputStream(json), json.length).sha256();
    return new ContinuedTraining(parent, baseOf(parent), start, method(parent, plain, param));
  }

  private static Manifest plainForm(Manifest files) {
    TreeMap<String, BlobRef> plain = new TreeMap<>();
    files
        .files()
        .forEach(
            (name, blob) -> {
              if (name.startsWith(PLAIN)) plain.put(name.substring(PLAIN.length()), blob);
            });
    return new Manifest(plain);
  }

  /** Returns the directory to which the parent's own weights belong. */
  private Digest baseOf(ParentModel parent) {
    JdbcClient.StatementSpec base =
        sql.sql("select base_manifest from job where id = :job").param("job", parent.jobId());
    return new Digest(EveryDepartment.call(() -> base.query(String.class).single()));
  }

  private AdapterMethod method(ParentModel parent, Manifest files, String param)
      throws IOException {
    BlobRef config = Objects.requireNonNull(files.files().get(CONFIG));
    try (InputStream in = store.open(config.sha256(), 0, LARGEST_CONFIG)) {
      return AdapterMethods.fromSaved(JsonMapper.shared().readTree(in.readAllBytes()));
    } catch (SpecRejected | JacksonException unreadable) {
      throw cannot(parent, "its configuration is unknown to this release", param);
    }
  }

  private static RequestFailed cannot(ParentModel parent, @Nullable String why, String param) {
    return RequestFailed.invalid(
        param, "Training cannot continue from '%s': %s.".formatted(parent.name(), why));
  }

  /**
   * The model that a job continues from.
   *
   * @param base manifest of the directory that takes the base model's place
   * @param start manifest of the directory whose weights training begins with; null if {@code base}
   *     has them already, as after full fine-tuning
   * @param saved method of the adapter in {@code start}; null where whole models are trained
   */
  record ContinuedTraining(
      ParentModel parent, Digest base, @Nullable Digest start, @Nullable AdapterMethod saved) {
    private static final JsonMapper JSON = JsonMapper.shared();

    /**
     * Returns the body of a request with the inherited settings in its {@code adapter}.
     *
     * @throws SpecRejected with what contradicts the parent
     */
    ObjectNode into(JsonNode body) {
      ObjectNode whole = (ObjectNode) body.deepCopy();
      JsonNode configuration = JSON.readTree(parent.configuration());
      ObjectNode adapter =
          saved == null
              ? wholeModel(whole.get("adapter"), configuration)
              : new ContinuedMethod(saved, asked()).into(whole.get("adapter"));
      inherit("quantization", configuration, adapter);
      objective(configuration, adapter);
      return whole.set("adapter", adapter);
    }

    /** Keeps the base quantised, unless the request has {@code null}. */
    private static void inherit(String key, JsonNode configuration, ObjectNode adapter) {
      if (!adapter.has(key) && configuration.hasNonNull(key))
        adapter.set(key, configuration.get(key));
    }

    /** Keeps the objective of a model with a head for labels; otherwise the job chooses. */
    private static void objective(JsonNode configuration, ObjectNode adapter) {
      String before = configuration.path("objective").asString("sft");
      String now = adapter.path("objective").asString("");
      boolean labelled = TrainingSpec.objective(configuration).labelsRows();
      if (now.isEmpty() && labelled) adapter.put("objective", before);
      else if (!now.equals(before) && (labelled || TrainingSpec.objective(adapter).labelsRows())) {
        throw refused(
            "adapter.objective",
            "is %s, but the model that training continues from was trained for %s"
                .formatted(now, before));
      }
    }

    private @Nullable AdapterMethod asked() {
      try {
        return TrainingSpec.resolve(JSON.readTree(parent.configuration()), null, null, null)
            .method();
      } catch (SpecRejected olderRelease) {
        return null;
      }
    }

    /** A result may continue with any parameters, a checkpoint only with the ones it has. */
    private ObjectNode wholeModel(@Nullable JsonNode given, JsonNode configuration) {
      ObjectNode adapter =
          given instanceof ObjectNode object ? object.deepCopy() : JSON.createObjectNode();
      if (given != null && !given.isNull() && !given.isObject()) {
        throw refused("adapter", "must be an object");
      }
      if (adapter.hasNonNull("peft")) {
        throw refused(
            "adapter.peft",
            "must be left out: %s is a whole model, so training continues with adapter.method"
                .formatted(parent.name()));
      }
      JsonNode own = configuration.path("method");
      if (!adapter.hasNonNull("method")) adapter.set("method", own);
      else if (start != null && !adapter.get("method").equals(own)) {
        throw refused("adapter.method", "must be that of the checkpoint, %s".formatted(own));
      }
      return adapter;
    }

    private static SpecRejected refused(String path, String message) {
      return new SpecRejected(List.of(new Problem(path, message)));
    }
  }
}
