package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.ModelResolver;
import dev.graft.adapters.ModelResolver.ResolvedModel;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.inference.ServedModel.LoadedWeights;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec;
import java.io.IOException;
import java.util.List;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Resolves the model name of a request to the files that answer it. */
@Component
class ServedModels {
  private final ModelResolver names;
  private final BaseModels baseModels;
  private final ArtifactStore store;
  private final Inferrer inferrer;

  ServedModels(ModelResolver names, BaseModels baseModels, ArtifactStore store, Inferrer inferrer) {
    this.names = names;
    this.baseModels = baseModels;
    this.store = store;
    this.inferrer = inferrer;
  }

  /**
   * Returns the base model, fine-tuned model or checkpoint with this name.
   *
   * @throws InferenceRefused if there is none, or it generates no text
   */
  ServedModel writer(String departmentId, String name) throws IOException {
    return named(departmentId, name, false);
  }

  /**
   * Returns the classifier with this name.
   *
   * @throws InferenceRefused if there is none, or it labels no texts
   */
  ServedModel classifier(String departmentId, String name) throws IOException {
    return named(departmentId, name, true);
  }

  private ServedModel named(String departmentId, String name, boolean classifies)
      throws IOException {
    ResolvedModel named =
        names
            .find(departmentId, name)
            .orElseThrow(() -> InferenceRefused.noSuchModel(name, names.names(departmentId)));
    return switch (named) {
      case ResolvedModel.Base base -> {
        if (!base.model().enabled()) throw InferenceRefused.disabled(name);
        requireUse(name, classifies, !base.model().writesText());
        requireType(name, base.model());
        yield whole(name, base.model().manifest(), classifies);
      }
      case ResolvedModel.FineTuned tuned -> {
        Adapter adapter = tuned.adapter();
        String version = adapter.name(); // behind an alias
        requireUse(name, classifies, classifies(adapter.configuration()));
        // the result of full fine-tuning is itself a model directory
        ServedModel served =
            isAdapter(adapter.manifest())
                ? onItsBase(
                    version, adapter.baseModel(), adapter.configuration(), adapter.manifest())
                : whole(version, adapter.manifest(), classifies);
        yield served.as(adapter);
      }
      case ResolvedModel.Checkpoint checkpoint -> {
        requireUse(name, classifies, classifies(checkpoint.configuration()));
        yield isAdapter(checkpoint.manifest())
            ? onItsBase(
                name, checkpoint.baseModel(), checkpoint.configuration(), checkpoint.manifest())
            : new ServedModel(
                name,
                new LoadedWeights(
                    checkpoint.baseManifest(), checkpoint.manifest(), null, classifies),
                null);
      }
      case ResolvedModel.Removed removed -> throw InferenceRefused.removed(name, removed.why());
      case ResolvedModel.Missing missing -> throw InferenceRefused.notTrained(name, missing.why());
    };
  }

  /**
   * @param classifies whether the request is for labels
   * @param labels whether the model labels texts
   */
  private static void requireUse(String name, boolean classifies, boolean labels) {
    if (labels == classifies) return;
    throw labels ? InferenceRefused.writesNoText(name) : InferenceRefused.labelsNoText(name);
  }

  /** The inferrer must support the type of the base model, also under an adapter. */
  private void requireType(String name, BaseModel base) {
    if (base.onlyOnRay() && !inferrer.takesEveryType()) {
      throw InferenceRefused.otherType(name, base.family());
    }
  }

  private static boolean classifies(String configuration) {
    return TrainingSpec.objective(JsonMapper.shared().readTree(configuration)).labelsRows();
  }

  private static ServedModel whole(String name, Digest manifest, boolean classifies) {
    return new ServedModel(name, new LoadedWeights(manifest, null, null, classifies), null);
  }

  private boolean isAdapter(Digest manifest) throws IOException {
    return ManifestDirectory.read(store, manifest).files().containsKey("adapter_config.json");
  }

  private ServedModel onItsBase(
      String name, String baseModel, String configuration, Digest adapter) {
    Quantization quantization =
        TrainingSpec.quantization(JsonMapper.shared().readTree(configuration));
    boolean classifies = classifies(configuration);
    BaseModel base =
        baseModels.find(baseModel).orElseThrow(() -> InferenceRefused.noSuchModel(name, List.of()));
    requireType(name, base);
    return new ServedModel(
        name, new LoadedWeights(base.manifest(), null, quantization, classifies), adapter);
  }
}
