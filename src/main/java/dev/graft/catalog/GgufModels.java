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

/** Base models of GGUF files. They are written out as directories, and registered as those are. */
@Service
public class GgufModels {
  private final BaseModels models;
  private final Path imports;

  GgufModels(BaseModels models, GraftProperties settings) {
    this.models = models;
    this.imports = settings.dataDir().resolve("gguf-imports");
  }

  /**
   * Registers a model; idempotent for equal files.
   *
   * @throws BaseModels.ModelRefused if the file is not a model that Graft can train, or as {@link
   *     BaseModels#register}
   * @throws IOException if the data directory has no room for what the file becomes
   */
  public HubModels.Added add(String name, Path file) throws IOException {
    return add(name, file, "gguf:" + file.getFileName());
  }

  /**
   * @param source what the model says it is from
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
