package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.Adapters;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.spec.TrainingSpec.Objective;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** From the name in a chat to the files that answer it. */
@Component
@Profile("server")
class ServedModels {
  private static final Set<String> LABELLING =
      Arrays.stream(Objective.values())
          .filter(Objective::labelsRows)
          .map(objective -> objective.name().toLowerCase(Locale.ROOT))
          .collect(Collectors.toSet());

  private final BaseModels baseModels;
  private final Adapters adapters;
  private final ArtifactStore store;

  ServedModels(BaseModels baseModels, Adapters adapters, ArtifactStore store) {
    this.baseModels = baseModels;
    this.adapters = adapters;
    this.store = store;
  }

  /**
   * The department's fine-tuned model of this name, or the base model of this name.
   *
   * @throws ChatRefused if it is one that writes no text
   */
  Optional<ServedModel> named(String departmentId, String name) throws IOException {
    Optional<BaseModel> base = baseModels.find(name);
    if (base.isPresent()) {
      if (!base.get().writesText()) throw ChatRefused.writesNoText(name);
      return Optional.of(new ServedModel(name, base.get().manifest(), null));
    }
    Optional<Adapter> adapter = adapters.named(departmentId, name);
    if (adapter.isPresent() && labelsRows(adapter.get())) throw ChatRefused.writesNoText(name);
    return adapter.isEmpty() ? Optional.empty() : fineTuned(adapter.get());
  }

  private static boolean labelsRows(Adapter adapter) {
    String objective =
        JsonMapper.shared().readTree(adapter.configuration()).path("objective").asString("");
    return LABELLING.contains(objective);
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
