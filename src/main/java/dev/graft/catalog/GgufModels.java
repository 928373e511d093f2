package dev.graft.catalog;

import dev.graft.artifacts.Scratch;
import dev.graft.platform.GraftProperties;
import dev.graft.weights.BadModel;
import dev.graft.weights.gguf.GgufModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Service;

/** Registers GGUF files as base models. Each file is first converted to a model directory. */
@Service
public class GgufModels {
  private final BaseModels models;
  private final Path imports;

  GgufModels(BaseModels models, GraftProperties settings) {
    this.models = models;
    this.imports = settings.dataDir().resolve("gguf-imports");
  }

  /**
   * Registers a model. Registering the same file again changes nothing.
   *
   * @throws BaseModels.ModelRefused if the file is not a model that Graft can train, or as {@link
   *     BaseModels#register}
   * @throws IOException if the data directory has no room for the converted model
   */
  public HubModels.Added add(String name, Path file) throws IOException {
    return add(name, file, "gguf:" + file.getFileName());
  }

  /**
   * @param source recorded as the source of the model
   */
  HubModels.Added add(String name, Path file, String source) throws IOException {
    BaseModels.requireName(name);
    try (Scratch scratch = Scratch.open(imports)) {
      Path directory = scratch.directory();
      GgufModel written = GgufModel.write(file, directory);
      BaseModel model = models.register(name, directory, source);
      List<String> limitations = new ArrayList<>();
      if (written.quantised() != null) {
        limitations.add(
            "dequantised from %s: training starts from rounded weights"
                .formatted(written.quantised()));
      }
      limitations.addAll(models.limitations(directory));
      return new HubModels.Added(model, limitations);
    } catch (BadModel e) {
      throw new BaseModels.ModelRefused(String.valueOf(e.getMessage()));
    }
  }
}
