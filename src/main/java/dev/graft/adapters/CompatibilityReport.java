package dev.graft.adapters;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.SpecRejected;
import dev.graft.weights.BadModel;
import dev.graft.weights.LoaderRules;
import dev.graft.weights.LoaderRules.Compatibility;
import dev.graft.weights.LoaderRules.Compatibility.Verdict;
import dev.graft.weights.LoaderRules.Loader;
import dev.graft.weights.ModelConfig;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reports which programs can load a result, from its files and the configuration of its base. */
@Component
public class CompatibilityReport {
  private static final int MAX_CONFIG_BYTES = 1 << 20;

  private final ArtifactStore store;
  private final BaseModels baseModels;
  private final JsonMapper json;

  CompatibilityReport(ArtifactStore store, BaseModels baseModels, JsonMapper json) {
    this.store = store;
    this.baseModels = baseModels;
    this.json = json;
  }

  /** Returns nothing where the base model is gone and the result has no configuration of it. */
  public List<Compatibility> of(Adapter adapter, Manifest result) throws IOException {
    ModelConfig base = base(adapter, result);
    AdapterMethod method = method(result);
    if (base == null || method == null) return List.of();
    return LoaderRules.of(method, base).stream().map(each -> withFile(each, result)).toList();
  }

  /** A result that includes a GGUF file needs no conversion for llama.cpp. */
  private static Compatibility withFile(Compatibility found, Manifest result) {
    if (found.loader() != Loader.LLAMA_CPP) return found;
    return result.files().keySet().stream()
        .filter(name -> name.endsWith(".gguf"))
        .findFirst()
        .map(name -> new Compatibility(found.loader(), Verdict.LOADS, List.of("its file " + name)))
        .orElse(found);
  }

  /** Returns null if the configuration is not PEFT's. */
  private @Nullable AdapterMethod method(Manifest result) throws IOException {
    byte[] config = file(result, "adapter_config.json");
    if (config == null) return new AdapterMethod.Full();
    try {
      JsonNode fields = json.readTree(config);
      return fields.has("peft_type") ? AdapterMethods.fromSaved(fields) : null;
    } catch (JacksonException | SpecRejected unreadable) {
      return null;
    }
  }

  private @Nullable ModelConfig base(Adapter adapter, Manifest result) throws IOException {
    byte[] own = file(result, "config.json");
    Optional<BaseModel> base =
        own == null ? baseModels.find(adapter.baseModel()) : Optional.empty();
    byte[] config =
        base.isEmpty()
            ? own
            : file(ManifestDirectory.read(store, base.get().manifest()), "config.json");
    try {
      return config == null ? null : ModelConfig.read(config);
    } catch (BadModel unreadable) {
      return null;
    }
  }

  private byte @Nullable [] file(Manifest manifest, String name) throws IOException {
    BlobRef file = manifest.files().get(name);
    if (file == null || file.bytes() > MAX_CONFIG_BYTES) return null;
    try (InputStream in = store.open(file.sha256())) {
      return in.readAllBytes();
    }
  }
}
