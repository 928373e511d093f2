package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.Adapters;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import java.io.IOException;
import java.util.Optional;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** From the name in a chat to the files that answer it. */
@Component
@Profile("server")
class ServedModels {
  private final BaseModels baseModels;
  private final Adapters adapters;
  private final ArtifactStore store;

  ServedModels(BaseModels baseModels, Adapters adapters, ArtifactStore store) {
    this.baseModels = baseModels;
    this.adapters = adapters;
    this.store = store;
  }

  /** The department's fine-tuned model of this name, or the base model of this name. */
  Optional<ServedModel> named(String departmentId, String name) throws IOException {
    Optional<BaseModel> base = baseModels.find(name);
    if (base.isPresent()) return Optional.of(new ServedModel(name, base.get().manifest(), null));
    Optional<Adapter> adapter = adapters.named(departmentId, name);
    return adapter.isEmpty() ? Optional.empty() : fineTuned(adapter.get());
  }

  private Optional<ServedModel> fineTuned(Adapter adapter) throws IOException {
    Manifest result = ManifestDirectory.read(store, adapter.manifest());
    if (!result.files().containsKey("adapter_config.json")) {
      // Full fine-tuning: the result is itself a base model's directory.
      return Optional.of(new ServedModel(adapter.name(), adapter.manifest(), null));
    }
    return baseModels
        .find(adapter.baseModel())
        .map(base -> new ServedModel(adapter.name(), base.manifest(), adapter.manifest()));
  }
}
