package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModels;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.ContinuedMethod;
import dev.graft.spec.SpecRejected;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
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
 * Finds what a request continues from: {@code model} names an earlier result or a checkpoint, as in
 * OpenAI's API, or {@code adapter.continue_from} does, or an adapter by its id.
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

  /** {@code {"continue_from": "ad_..."}} for the id of an adapter alone; else as it is. */
  static @Nullable JsonNode spelledOut(@Nullable JsonNode adapter) {
    return adapter != null && adapter.isString() && adapter.stringValue().startsWith("ad_")
        ? JsonMapper.shared().createObjectNode().set(CONTINUE_FROM, adapter)
        : adapter;
  }

  /**
   * Empty if training starts from a base model, or from what there is not.
   *
   * @param body of the request; {@code adapter.continue_from} is taken out of it
   * @throws RequestFailed if there is no such thing, or training cannot go on from it
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
        models
            .find(departmentId, name)
            .orElseThrow(() -> UnknownModel.of(name, names(departmentId), PATH));
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

  private ContinuedTraining inheritance(ParentModel parent, String param) {
    try {
      Manifest files = ManifestDirectory.read(store, parent.manifest());
      if (files.files().containsKey(CONFIG)) return adapter(parent, files, param);
      return files.files().containsKey(WEIGHTS)
          ? new ContinuedTraining(parent, parent.manifest(), null, null)
          : new ContinuedTraining(parent, baseOf(parent), parent.manifest(), null);
    } catch (IOException e) {
      throw new UncheckedIOException("what a job continues from cannot be read", e);
    }
  }

  /** The adapter itself, or its plain form where the method cannot train on. */
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

  /** What the parent's own weights lie on. */
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
      throw cannot(parent, "its configuration is not one of this Graft", param);
    }
  }

  private static RequestFailed cannot(ParentModel parent, @Nullable String why, String param) {
    return RequestFailed.invalid(
        param, "Training cannot continue from '%s': %s.".formatted(parent.name(), why));
  }
}
