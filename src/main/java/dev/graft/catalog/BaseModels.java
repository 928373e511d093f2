package dev.graft.catalog;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.MANIFEST;
import static java.util.stream.Collectors.toMap;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.AuditLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/** Registers base models and finds them. */
@Service
public class BaseModels {
  private static final Logger log = LoggerFactory.getLogger(BaseModels.class);
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  private final RegisteredModels rows;
  private final ArtifactStore store;
  private final TransactionLocks locks;
  private final TransactionTemplate transaction;
  private final AuditLog audit;
  private final Clock clock;

  BaseModels(
      RegisteredModels rows,
      ArtifactStore store,
      TransactionLocks locks,
      TransactionTemplate transaction,
      AuditLog audit,
      Clock clock) {
    this.rows = rows;
    this.store = store;
    this.locks = locks;
    this.transaction = transaction;
    this.audit = audit;
    this.clock = clock;
  }

  public Optional<BaseModel> find(String name) {
    return rows.findById(name).map(RegisteredModel::model);
  }

  /** Returns those that exist, by name. */
  public Map<String, BaseModel> find(Collection<String> names) {
    return rows.findByNameIn(names).stream()
        .map(RegisteredModel::model)
        .collect(toMap(BaseModel::name, model -> model));
  }

  /** Returns all base models in the order of names. */
  public List<BaseModel> list() {
    return rows.all().stream().map(RegisteredModel::model).toList();
  }

  @Transactional
  void enable(String name, boolean enabled) {
    if (rows.enable(name, enabled, clock.instant()) == 0) return;
    log.atInfo()
        .addKeyValue("model", name)
        .log(enabled ? "base_model_enabled" : "base_model_disabled");
    audit.write(
        "base_model.updated", null, name, Map.of("changes_requested", Map.of("enabled", enabled)));
  }

  /** Deletes the row. The blobs stay until nothing refers to them. */
  @Transactional
  void delete(String name) {
    rows.delete(name);
    log.atInfo().addKeyValue("model", name).log("base_model_deleted");
    audit.write("base_model.deleted", null, name, Map.of());
  }

  /**
   * Checks a Hugging Face directory, stores its files as blobs and registers it. Registering the
   * same content again changes nothing.
   *
   * @throws ModelRefused if the name is not allowed or taken by other content, or the directory is
   *     not a model that Graft can train
   */
  public BaseModel register(String name, Path directory) {
    return register(name, directory, null);
  }

  /** Registers a directory that was fetched or unpacked; its README is kept, too. */
  BaseModel register(String name, Path directory, @Nullable String source) {
    requireName(name);
    try {
      return record(name, CheckedModel.of(directory, source != null), source);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @throws ModelRefused if the name is not allowed
   */
  public static void requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new ModelRefused(
          "The name of a base model has 1 to 63 of a-z, 0-9, '.', '_', '-' and begins with a letter or"
              + " a digit.");
    }
  }

  /** Returns what will not work with the model in this directory, one phrase each. */
  public List<String> limitations(Path directory) {
    return CheckedModel.of(directory, false).limitations();
  }

  private BaseModel record(String name, CheckedModel model, @Nullable String source)
      throws IOException {
    BlobRef manifest = ManifestDirectory.store(store, model.files());
    BaseModel found =
        new BaseModel(
            name,
            model.family(),
            manifest.sha256(),
            model.parameters(),
            model.contextLength(),
            ManifestDirectory.read(store, manifest.sha256()).bytes(),
            model.license(),
            source,
            null,
            clock.instant());
    BaseModel registered = transaction.execute(status -> registered(found));
    if (!registered.manifest().equals(manifest.sha256())) {
      throw new ModelRefused(
          "'" + name + "' is registered with other content. Choose another name.");
    }
    return registered;
  }

  /** Saves the model, or returns the one that already has the name. */
  private BaseModel registered(BaseModel model) {
    locks.take("base model " + model.name());
    Optional<BaseModel> known = find(model.name());
    if (known.isPresent()) return known.get();
    rows.save(new RegisteredModel(model));
    log.atInfo()
        .addKeyValue("model", model.name())
        .addKeyValue("manifest", model.manifest())
        .log("base_model_registered");
    return model;
  }

  /** The manifests of all base models, enabled or not. */
  @Component
  static class BaseModelBlobs implements BlobReferences {
    @Override
    public List<BlobColumn> columns() {
      return List.of(new BlobColumn("base_model", "manifest", MANIFEST));
    }
  }

  /** A base model cannot be registered. The message gives the reason and no path of the server. */
  public static final class ModelRefused extends RequestFailed {
    ModelRefused(String message) {
      super(ProblemType.INVALID_VALUE, message);
    }
  }

  /** One kind of objects that need a base model. Modules with such objects supply a bean. */
  public interface BaseModelUse {
    /** Returns the name of the kind in the API, in the plural. */
    String name();

    /** Returns how many of them need this base model. */
    long count(String baseModel);
  }
}
