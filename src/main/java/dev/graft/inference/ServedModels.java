package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.NamedModel;
import dev.graft.adapters.NamedModels;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModels;
import dev.graft.inference.ServedModel.Weights;
import dev.graft.spec.AdapterSpecs;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec.Objective;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** From the name in a chat to the files that answer it. */
@Component
class ServedModels {
  private static final Set<String> LABELLING =
      Arrays.stream(Objective.values())
          .filter(Objective::labelsRows)
          .map(objective -> objective.name().toLowerCase(Locale.ROOT))
          .collect(Collectors.toSet());

  private final NamedModels names;
  private final BaseModels baseModels;
  private final ArtifactStore store;

  ServedModels(NamedModels names, BaseModels baseModels, ArtifactStore store) {
    this.names = names;
    this.baseModels = baseModels;
    this.store = store;
  }

  /**
   * The base model, the department's fine-tuned model or the checkpoint of this name.
   *
   * @throws ChatRefused if there is none, or it is one that writes no text
   */
  ServedModel named(String departmentId, String name) throws IOException {
    NamedModel named =
        names.find(departmentId, name).orElseThrow(() -> ChatRefused.noSuchModel(name));
    return switch (named) {
      case NamedModel.Base base -> {
        if (!base.model().enabled()) throw ChatRefused.disabled(name);
        if (!base.model().writesText()) throw ChatRefused.writesNoText(name);
        yield new ServedModel(name, base.model().manifest(), null);
      }
      case NamedModel.FineTuned tuned -> {
        Adapter adapter = tuned.adapter();
        requireText(name, adapter.configuration());
        // Full fine-tuning: the result is itself a base model's directory.
        ServedModel served =
            isAdapter(adapter.manifest())
                ? onItsBase(name, adapter.baseModel(), adapter.configuration(), adapter.manifest())
                : new ServedModel(name, adapter.manifest(), null);
        yield served.as(adapter);
      }
      case NamedModel.Checkpoint checkpoint -> {
        requireText(name, checkpoint.configuration());
        yield isAdapter(checkpoint.manifest())
            ? onItsBase(
                name, checkpoint.baseModel(), checkpoint.configuration(), checkpoint.manifest())
            : new ServedModel(
                name, new Weights(checkpoint.baseManifest(), checkpoint.manifest(), null), null);
      }
      case NamedModel.Removed removed -> throw ChatRefused.removed(name, removed.why());
      case NamedModel.Missing missing -> throw ChatRefused.notTrained(name, missing.why());
    };
  }

  private static void requireText(String name, String configuration) {
    String objective = JsonMapper.shared().readTree(configuration).path("objective").asString("");
    if (LABELLING.contains(objective)) throw ChatRefused.writesNoText(name);
  }

  private boolean isAdapter(Digest manifest) throws IOException {
    return ManifestDirectory.read(store, manifest).files().containsKey("adapter_config.json");
  }

  private ServedModel onItsBase(
      String name, String baseModel, String configuration, Digest adapter) {
    Quantization quantization =
        AdapterSpecs.quantization(JsonMapper.shared().readTree(configuration));
    return baseModels
        .find(baseModel)
        .map(base -> new Weights(base.manifest(), null, quantization))
        .map(weights -> new ServedModel(name, weights, adapter))
        .orElseThrow(() -> ChatRefused.noSuchModel(name));
  }
}
