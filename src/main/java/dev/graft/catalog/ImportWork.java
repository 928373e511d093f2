package dev.graft.catalog;

import dev.graft.datasets.StoredFiles;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Fetches and registers a model; a server fetches one at a time. */
@Component
class ImportWork implements WorkKind {
  static final String KIND = "base_model_import";

  private static final Logger log = LoggerFactory.getLogger(ImportWork.class);
  private static final long TELL = TimeUnit.SECONDS.toNanos(1);
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
  private final HubModels models;
  private final UploadedModels uploaded;
  private final LeasedWork work;

  ImportWork(ModelImports imports, HubModels models, UploadedModels uploaded, LeasedWork work) {
    this.imports = imports;
    this.models = models;
    this.uploaded = uploaded;
    this.work = work;
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
      add(wanted, told(claim));
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
    if (StoredFiles.isFile(source)) uploaded.add(wanted.name(), source, progress);
    else models.add(wanted.name(), source, progress);
  }

  /** Once a second; who has lost the claim stops. */
  private HubModels.Progress told(WorkClaim claim) {
    return new HubModels.Progress() {
      private long at = System.nanoTime() - TELL;

      @Override
      public void at(long bytes, long all) {
        long now = System.nanoTime();
        if (now - at < TELL && bytes < all) return;
        at = now;
        boolean ours = work.progressed(claim) && imports.progress(claim.subject(), bytes, all);
        if (!ours)
          throw new IllegalStateException("the import was cancelled, or is another server's");
      }
    };
  }

  @Override
  public void gaveUp(WorkClaim claim) {
    String met = imports.find(claim.subject()).map(ModelImports.ModelImport::error).orElse(null);
    end(claim, "failed", met == null ? "it could not be fetched" : met);
  }

  private void end(WorkClaim claim, String state, @Nullable String error) {
    if (!work.done(claim, () -> imports.end(claim.subject(), state, error))) return;
    log.atInfo()
        .addKeyValue("import", claim.subject())
        .addKeyValue("status", state)
        .log("base_model_import_ended");
  }
}
