package dev.graft.adapters;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.BlobContent;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.DirectoryArchive;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.spec.ExportForm;
import dev.graft.training.ResultForms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Makes forms of adapters; a server makes one at a time. */
@Component
class ExportWork implements WorkKind {
  static final String KIND = "adapter_export";

  private static final Logger log = LoggerFactory.getLogger(ExportWork.class);
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          KIND,
          true,
          1,
          1,
          Duration.ofSeconds(2),
          Duration.ofMinutes(1),
          new WorkSettings.Backoff(4, Duration.ofSeconds(2), Duration.ofMinutes(5)),
          Duration.ZERO);

  private final AdapterExports exports;
  private final Adapters adapters;
  private final Conversion conversion;
  private final ArtifactStore store;
  private final LeasedWork work;

  ExportWork(
      AdapterExports exports,
      Adapters adapters,
      Conversion conversion,
      ArtifactStore store,
      LeasedWork work) {
    this.exports = exports;
    this.adapters = adapters;
    this.conversion = conversion;
    this.store = store;
    this.work = work;
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws IOException, InterruptedException {
    AdapterExport wanted = exports.find(claim.subject()).orElse(null);
    if (wanted == null || !exports.progress(wanted.id(), 0, null)) return;
    Adapter adapter = adapters.find(wanted.departmentId(), wanted.adapterId()).orElse(null);
    if (adapter == null) return;
    try {
      BlobRef content =
          conversion.make(
              adapter,
              wanted.form(),
              (bytes, total) -> requireOurs(claim, bytes, total),
              files -> publish(wanted.form(), files));
      end(claim, "succeeded", () -> exports.succeed(wanted.id(), content));
    } catch (Conversion.Refused | RequestFailed refused) {
      end(claim, "failed", () -> exports.fail(wanted.id(), String.valueOf(refused.getMessage())));
    } catch (IOException mayPass) {
      exports.met(wanted.id(), String.valueOf(mayPass.getMessage()));
      throw mayPass;
    }
  }

  /** Who has lost the claim stops; it does not count as progress, which begins anew each time. */
  private void requireOurs(WorkClaim claim, long bytes, @Nullable Long total) {
    if (exports.progress(claim.subject(), bytes, total) && work.hold(claim)) return;
    throw new IllegalStateException("the export was deleted, or is another server's");
  }

  private BlobRef publish(ExportForm form, Path files) throws IOException {
    Path file = files.resolve(file(form));
    BlobContent content =
        switch (form) {
          case ExportForm.MergedGguf _, ExportForm.AdapterGguf _ -> {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
              throw new IOException("the conversion made no file");
            }
            yield out -> Files.copy(file, out);
          }
          case ExportForm.Merged _,
              ExportForm.PlainFactors _,
              ExportForm.Vllm _,
              ExportForm.Ollama _,
              ExportForm.Combined _ ->
              out -> DirectoryArchive.write(files, out);
        };
    try (StagedBlob staged = store.stage(content, Long.MAX_VALUE)) {
      return staged.publish();
    }
  }

  private static String file(ExportForm form) {
    return form instanceof ExportForm.AdapterGguf
        ? ResultForms.ADAPTER_FILE
        : ResultForms.MODEL_FILE;
  }

  @Override
  public void gaveUp(WorkClaim claim) {
    String met = exports.find(claim.subject()).map(AdapterExport::error).orElse(null);
    String said = met == null ? "it could not be made; the server's log has more" : met;
    end(claim, "failed", () -> exports.fail(claim.subject(), said));
  }

  private void end(WorkClaim claim, String state, BooleanSupplier change) {
    if (!work.done(claim, change)) return;
    log.atInfo()
        .addKeyValue("export", claim.subject())
        .addKeyValue("status", state)
        .log("adapter_export_ended");
  }
}
