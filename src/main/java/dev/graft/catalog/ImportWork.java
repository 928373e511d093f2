package dev.graft.catalog;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Scratch;
import dev.graft.datasets.StoredFiles;
import dev.graft.datasets.StoredFiles.UserFile;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Fetches and registers models. A server fetches one model at a time. */
@Component
class ImportWork implements WorkKind {
  static final String KIND = "base_model_import";

  private static final Logger log = LoggerFactory.getLogger(ImportWork.class);
  private static final int BLOCK = 1 << 20;
  private static final long REPORT_EVERY = TimeUnit.SECONDS.toNanos(1);
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          KIND,
          false,
          1,
          1,
          Duration.ofSeconds(2),
          Duration.ofMinutes(1),
          new WorkSettings.Backoff(8, Duration.ofSeconds(5), Duration.ofMinutes(10)),
          Duration.ZERO);

  private final ModelImports imports;
  private final HubModels hub;
  private final GgufModels gguf;
  private final BaseModels baseModels;
  private final StoredFiles files;
  private final ArtifactStore store;
  private final LeasedWork work;
  private final Path scratch;

  ImportWork(
      ModelImports imports,
      HubModels hub,
      GgufModels gguf,
      BaseModels baseModels,
      StoredFiles files,
      ArtifactStore store,
      LeasedWork work,
      GraftProperties graft) {
    this.imports = imports;
    this.hub = hub;
    this.gguf = gguf;
    this.baseModels = baseModels;
    this.files = files;
    this.store = store;
    this.work = work;
    this.scratch = graft.dataDir().resolve("upload-imports");
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws IOException {
    ModelImports.ModelImport wanted = imports.find(claim.subject()).orElse(null);
    if (wanted == null || !imports.progress(wanted.id(), wanted.bytes(), null)) return;
    try {
      add(wanted, reporting(claim));
      end(claim, "succeeded", null);
    } catch (RequestFailed refused) {
      end(claim, "failed", refused.getMessage());
    } catch (IOException mayPass) {
      imports.met(wanted.id(), String.valueOf(mayPass.getMessage()));
      throw mayPass;
    }
  }

  private void add(ModelImports.ModelImport wanted, HubModels.Progress progress)
      throws IOException {
    String source = wanted.source();
    if (StoredFiles.isFile(source)) addUploaded(wanted.name(), source, progress);
    else hub.add(wanted.name(), source, progress);
  }

  /**
   * Unpacks a file and registers the model in it. The same content again changes nothing.
   *
   * @throws BaseModels.ModelRefused if the file is missing or not a model, or as {@link
   *     BaseModels#register}
   * @throws IOException if the store or the disk fails
   */
  private void addUploaded(String name, String fileId, HubModels.Progress progress)
      throws IOException {
    UserFile file =
        files
            .findUserData(fileId)
            .orElseThrow(
                () ->
                    new BaseModels.ModelRefused(
                        "The file " + fileId + " no longer exists. Upload it again."));
    try (Scratch opened = Scratch.open(scratch)) {
      Path arrived = opened.directory().resolve("upload");
      copy(file.content(), arrived, progress);
      if (ModelArchive.isGguf(arrived)) {
        gguf.add(name, arrived, "gguf:" + file.filename());
        return;
      }
      Path unpacked = Files.createDirectory(opened.directory().resolve("model"));
      Path directory = ModelArchive.unpack(arrived, unpacked);
      Files.delete(arrived);
      progress.at(
          file.content().bytes(), file.content().bytes()); // throws if the import was cancelled
      baseModels.register(name, directory, "upload:" + file.filename());
    } catch (ModelArchive.ArchiveRefused refused) {
      throw new BaseModels.ModelRefused(
          "The archive cannot be unpacked: " + refused.getMessage() + ".");
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

  /** Records the progress once a second; throws if the lease was lost. */
  private HubModels.Progress reporting(WorkClaim claim) {
    return new HubModels.Progress() {
      private long at = System.nanoTime() - REPORT_EVERY;

      @Override
      public void at(long bytes, long all) {
        long now = System.nanoTime();
        if (now - at < REPORT_EVERY && bytes < all) return;
        at = now;
        boolean ours = work.progressed(claim) && imports.progress(claim.subject(), bytes, all);
        if (!ours)
          throw new IllegalStateException("the import was cancelled or moved to another server");
      }
    };
  }

  @Override
  public void gaveUp(WorkClaim claim) {
    String met = imports.find(claim.subject()).map(ModelImports.ModelImport::error).orElse(null);
    end(claim, "failed", met == null ? "The model could not be fetched." : met);
  }

  private void end(WorkClaim claim, String state, @Nullable String error) {
    if (!work.done(claim, () -> imports.end(claim.subject(), state, error))) return;
    log.atInfo()
        .addKeyValue("import", claim.subject())
        .addKeyValue("status", state)
        .log("base_model_import_ended");
  }
}
