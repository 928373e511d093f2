package dev.graft.catalog;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Scratch;
import dev.graft.datasets.StoredFiles;
import dev.graft.datasets.StoredFiles.UserFile;
import dev.graft.platform.GraftProperties;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.stereotype.Service;

/** Base models of files that administrators have uploaded: archives of a directory, GGUF files. */
@Service
class UploadedModels {
  private static final int BLOCK = 1 << 20;

  private final StoredFiles files;
  private final BaseModels models;
  private final GgufModels gguf;
  private final ArtifactStore store;
  private final Path imports;

  UploadedModels(
      StoredFiles files,
      BaseModels models,
      GgufModels gguf,
      ArtifactStore store,
      GraftProperties settings) {
    this.files = files;
    this.models = models;
    this.gguf = gguf;
    this.store = store;
    this.imports = settings.dataDir().resolve("upload-imports");
  }

  /**
   * Unpacks the file, and registers what is in it; idempotent for equal content.
   *
   * @throws BaseModels.ModelRefused if the file is gone or is no model, or as {@link
   *     BaseModels#register}
   * @throws IOException if the store or this machine's disk fails
   */
  public HubModels.Added add(String name, String fileId, HubModels.Progress progress)
      throws IOException {
    BaseModels.requireName(name);
    UserFile file =
        files
            .findUserData(fileId)
            .orElseThrow(() -> new BaseModels.ModelRefused(fileId + " is gone; upload it again"));
    try (Scratch scratch = Scratch.open(imports)) {
      Path arrived = scratch.directory().resolve("upload");
      copy(file.content(), arrived, progress);
      if (ModelArchive.isGguf(arrived)) return gguf.add(name, arrived, "gguf:" + file.filename());
      Path unpacked = Files.createDirectory(scratch.directory().resolve("model"));
      Path directory = ModelArchive.unpack(arrived, unpacked);
      Files.delete(arrived);
      progress.at(file.content().bytes(), file.content().bytes()); // unless it was cancelled
      BaseModel model = models.register(name, directory, "upload:" + file.filename());
      return new HubModels.Added(model, models.limitations(directory));
    } catch (ModelArchive.ArchiveRefused refused) {
      throw new BaseModels.ModelRefused("the archive cannot be unpacked: " + refused.getMessage());
    }
  }

  private void copy(BlobRef content, Path to, HubModels.Progress progress) throws IOException {
    try (InputStream in = store.open(content.sha256());
        OutputStream out = Files.newOutputStream(to)) {
      byte[] block = new byte[BLOCK];
      long here = 0;
      for (int read = in.read(block); read >= 0; read = in.read(block)) {
        out.write(block, 0, read);
        progress.at(here += read, content.bytes());
      }
    }
  }
}
