package dev.graft.adapters;

import dev.graft.artifacts.LocalCopies;
import dev.graft.artifacts.Scratch;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.ExportForm;
import dev.graft.spec.ExportForm.Combination;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec;
import dev.graft.training.ResultForms;
import dev.graft.training.ResultSource;
import dev.graft.weights.BadModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Lays out the files that an export is made of, and checks whether it can be made. */
@Component
class ExportSources {
  private static final String HUB = "hf:";

  private final Adapters adapters;
  private final BaseModels baseModels;
  private final LocalCopies copies;
  private final Path work;

  /** Works beside the store, because hard links do not reach other file systems. */
  ExportSources(
      Adapters adapters, BaseModels baseModels, LocalCopies copies, GraftProperties graft) {
    this.adapters = adapters;
    this.baseModels = baseModels;
    this.copies = copies;
    this.work = graft.dataDir().resolve("work");
  }

  /** Returns the Hugging Face name of the base if it comes from there, or else its name here. */
  String hubName(Adapter adapter) {
    String source =
        baseModels.find(adapter.baseModel()).map(BaseModel::source).orElse(adapter.baseModel());
    return source.startsWith(HUB)
        ? source.substring(HUB.length()).replaceFirst("@.*", "")
        : adapter.baseModel();
  }

  static @Nullable Quantization quantization(Adapter adapter) {
    return TrainingSpec.quantization(JsonMapper.shared().readTree(adapter.configuration()));
  }

  /** The directories of the files. */
  record Inputs(Path base, Path result, List<Path> others) {}

  /**
   * Lays out the files of an export.
   *
   * @throws RequestFailed if an adapter to combine with is gone, or has another base
   * @throws IOException if the base model is gone, or the disk is full
   */
  Inputs layOut(Adapter adapter, ExportForm form, Path directory) throws IOException {
    Path base = directory.resolve("base");
    Path result = directory.resolve("result");
    List<Path> others = new ArrayList<>();
    if (form instanceof ExportForm.Combined(Combination how)) {
      for (String id : how.adapters()) {
        Path other = directory.resolve("other-" + others.size());
        copies.materialise(other(adapter, id).manifest(), other, name -> !name.contains("/"));
        others.add(other);
      }
    }
    BaseModel model =
        baseModels
            .find(adapter.baseModel())
            .orElseThrow(() -> new IOException("the base model was deleted"));
    copies.materialise(model.manifest(), base, name -> !name.contains("/"));
    copies.materialise(adapter.manifest(), result, name -> !name.contains("/"));
    return new Inputs(base, result, others);
  }

  private Adapter other(Adapter adapter, String id) {
    Adapter other =
        adapters
            .find(adapter.departmentId(), id)
            .orElseThrow(
                () ->
                    RequestFailed.invalid(
                        "combination.adapters", "There is no adapter '%s'.".formatted(id)));
    if (other.baseModel().equals(adapter.baseModel())) return other;
    throw RequestFailed.invalid(
        "combination.adapters",
        "The base of '%s' is %s, and the base of this adapter is %s."
            .formatted(id, other.baseModel(), adapter.baseModel()));
  }

  /**
   * @throws RequestFailed if the adapter cannot be exported in this form, with the reason
   */
  void require(Adapter adapter, ExportForm form) throws IOException {
    try (Scratch scratch = Scratch.open(work)) {
      Path directory = scratch.directory();
      Inputs inputs = layOut(adapter, form, directory);
      String obstacle = obstacle(adapter, form, inputs, directory);
      if (obstacle == null) return;
      throw new RequestFailed(
          ProblemType.INVALID_VALUE,
          "This adapter cannot be exported as %s: %s.".formatted(form.kind().wireName(), obstacle),
          "form");
    }
  }

  private static @Nullable String obstacle(
      Adapter adapter, ExportForm form, Inputs inputs, Path scratch) {
    try (ResultSource source =
        ResultSource.open(inputs.base(), inputs.result(), inputs.others(), quantization(adapter))) {
      return new ResultForms(source, adapter.baseModel(), adapter.name()).obstacle(form, scratch);
    } catch (BadModel unreadable) {
      return unreadable.getMessage();
    }
  }
}
