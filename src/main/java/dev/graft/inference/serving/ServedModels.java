package dev.graft.inference.serving;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.models.ModelResolver;
import dev.graft.adapters.models.ResolvedModel;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.manifest.ManifestDirectory;
import dev.graft.catalog.BaseModels;
import dev.graft.inference.serving.ServedModel.LoadedWeights;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.spec.request.TrainingSpecs;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** From the name in a chat to the files that answer it. */
@Component
public class ServedModels {
  private static final Set<String> LABELLING =
      Arrays.stream(Objective.values())
          .filter(Objective::labelsRows)
          .map(objective -> objective.name().toLowerCase(Locale.ROOT))
          .collect(Collectors.toSet());

  private final ModelResolver names;
  private final BaseModels baseModels;
  private final ArtifactStore store;

  ServedModels(ModelResolver names, BaseModels baseModels, ArtifactStore store) {
    this.names = names;
    this.baseModels = baseModels;
    this.store = store;
  }

  /**
   * The base model, the department's fine-tuned model or the checkpoint of this name.
   *
   * @throws InferenceRefused if there is none, or it is one that writes no text
   */
  public ServedModel named(String departmentId, String name) throws IOException {
    ResolvedModel named =
        names
            .find(departmentId, name)
            .orElseThrow(() -> InferenceRefused.noSuchModel(name, names.names(departmentId)));
    return switch (named) {
      case ResolvedModel.Base base -> {
        if (!base.model().enabled()) throw InferenceRefused.disabled(name);
        if (!base.model().writesText()) throw InferenceRefused.writesNoText(name);
        yield new ServedModel(name, base.model().manifest(), null);
      }
      case ResolvedModel.FineTuned tuned -> {
        Adapter adapter = tuned.adapter();
        requireText(name, adapter.configuration());
        // Full fine-tuning: the result is itself a base model's directory.
        ServedModel served =
            isAdapter(adapter.manifest())
                ? onItsBase(name, adapter.baseModel(), adapter.configuration(), adapter.manifest())
                : new ServedModel(name, adapter.manifest(), null);
        yield served.as(adapter);
      }
      case ResolvedModel.Checkpoint checkpoint -> {
        requireText(name, checkpoint.configuration());
        yield isAdapter(checkpoint.manifest())
            ? onItsBase(
                name, checkpoint.baseModel(), checkpoint.configuration(), checkpoint.manifest())
            : new ServedModel(
                name,
                new LoadedWeights(checkpoint.baseManifest(), checkpoint.manifest(), null),
                null);
      }
      case ResolvedModel.Removed removed -> throw InferenceRefused.removed(name, removed.why());
      case ResolvedModel.Missing missing -> throw InferenceRefused.notTrained(name, missing.why());
    };
  }

  private static void requireText(String name, String configuration) {
    String objective = JsonMapper.shared().readTree(configuration).path("objective").asString("");
    if (LABELLING.contains(objective)) throw InferenceRefused.writesNoText(name);
  }

  private boolean isAdapter(Digest manifest) throws IOException {
    return ManifestDirectory.read(store, manifest).files().containsKey("adapter_config.json");
  }

  private ServedModel onItsBase(
      String name, String baseModel, String configuration, Digest adapter) {
    Quantization quantization =
        TrainingSpecs.quantization(JsonMapper.shared().readTree(configuration));
    return baseModels
        .find(baseModel)
        .map(base -> new LoadedWeights(base.manifest(), null, quantization))
        .map(weights -> new ServedModel(name, weights, adapter))
        .orElseThrow(() -> InferenceRefused.noSuchModel(name, List.of()));
  }
}
