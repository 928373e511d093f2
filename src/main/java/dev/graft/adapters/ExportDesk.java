package dev.graft.adapters;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.BlobContent;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.DirectoryArchive;
import dev.graft.artifacts.Scratch;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.FileEnd;
import dev.graft.platform.FileTrees;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.spec.ExportForm;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.NamedQuantization;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import dev.graft.training.ExporterCommand.ExportOrder;
import dev.graft.training.ResultForms;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.context.event.EventListener;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Creates and deletes exports of adapters; servers make them as leased work. */
@Service
class ExportDesk implements Owned {
  /** Of one adapter: each may be as large as its base. */
  private static final int MOST = 10;

  private final AdapterExports exports;
  private final Adapters adapters;
  private final LeasedWork work;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  ExportDesk(
      AdapterExports exports,
      Adapters adapters,
      LeasedWork work,
      TransactionLocks locks,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.exports = exports;
    this.adapters = adapters;
    this.work = work;
    this.locks = locks;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return exports.findById(id).map(AdapterExport::departmentId);
  }

  /**
   * Returns the export of this form, or a new one. A new one replaces one that failed.
   *
   * @throws RequestFailed if the adapter is gone, or has too many exports
   */
  @Transactional
  public AdapterExport add(Adapter seen, ExportForm form) {
    Adapter adapter =
        adapters
            .hold(seen.departmentId(), seen.id())
            .orElseThrow(() -> RequestFailed.notFound("adapter", seen.id()));
    String department = adapter.departmentId();
    locks.take("exports " + adapter.id());
    if (exports.page(department, adapter.id(), null, Limit.of(MOST)).size() == MOST) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "This adapter has %d exports; delete one of them first.".formatted(MOST));
    }
    Optional<AdapterExport> equal = exports.equal(adapter, form);
    if (equal.isPresent()) return equal.get();
    String kind = form.kind().wireName();
    exports.deleteFailed(department, adapter.id(), kind, form.options().toString());
    AdapterExport export =
        exports.save(new AdapterExport(ids.next("adexp_"), adapter, form, clock.instant()));
    work.add(ExportWork.KIND, export.id(), department);
    audit.write(
        "adapter.export.created",
        department,
        adapter.id(),
        Map.of("model", adapter.name(), "export", export.id(), "form", kind));
    return export;
  }

  /** The server that makes the export stops within a second. */
  @Transactional
  public void delete(AdapterExport export) {
    drop(export);
    audit.write(
        "adapter.export.deleted",
        export.departmentId(),
        export.adapterId(),
        Map.of("export", export.id(), "form", export.form().kind().wireName()));
  }

  private void drop(AdapterExport export) {
    work.drop(ExportWork.KIND, export.id(), export.departmentId());
    exports.delete(export.id());
  }

  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  public void deleted(Adapters.AdapterDeleted adapter) {
    exports
        .page(adapter.departmentId(), adapter.adapterId(), null, Limit.unlimited())
        .forEach(this::drop);
  }

  /** Makes exports, one at a time per server. */
  @Component
  static class ExportWork implements WorkKind {
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
    private final Clock clock;

    ExportWork(
        AdapterExports exports,
        Adapters adapters,
        Conversion conversion,
        ArtifactStore store,
        LeasedWork work,
        Clock clock) {
      this.exports = exports;
      this.adapters = adapters;
      this.conversion = conversion;
      this.store = store;
      this.work = work;
      this.clock = clock;
    }

    @Override
    public WorkSettings settings() {
      return SETTINGS;
    }

    @Override
    public void work(WorkClaim claim) throws IOException, InterruptedException {
      AdapterExport wanted = exports.findById(claim.subject()).orElse(null);
      if (wanted == null || exports.progress(wanted.id(), 0, null) == 0) return;
      Adapter adapter = adapters.find(wanted.departmentId(), wanted.adapterId()).orElse(null);
      if (adapter == null) return;
      try {
        BlobRef content =
            conversion.make(
                adapter,
                wanted.form(),
                (bytes, total) -> requireOurs(claim, bytes, total),
                files -> publish(wanted.form(), files));
        end(
            claim,
            "succeeded",
            () ->
                exports.succeed(
                        wanted.id(), content.sha256().hex(), content.bytes(), clock.instant())
                    == 1);
      } catch (Conversion.Refused | RequestFailed refused) {
        fail(claim, String.valueOf(refused.getMessage()));
      } catch (IOException mayPass) {
        exports.attemptFailed(wanted.id(), String.valueOf(mayPass.getMessage()));
        throw mayPass;
      }
    }

    /**
     * Stops the conversion if the claim is lost. It does not count as progress of the work, because
     * each attempt starts again.
     */
    private void requireOurs(WorkClaim claim, long bytes, @Nullable Long total) {
      if (exports.progress(claim.subject(), bytes, total) == 1 && work.hold(claim)) return;
      throw new IllegalStateException("the export was deleted, or another server works at it");
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
      String met = exports.findById(claim.subject()).map(AdapterExport::error).orElse(null);
      fail(
          claim,
          met == null ? "The export could not be made. The server's log has the cause." : met);
    }

    private void fail(WorkClaim claim, String error) {
      end(claim, "failed", () -> exports.fail(claim.subject(), error, clock.instant()) == 1);
    }

    private void end(WorkClaim claim, String state, BooleanSupplier change) {
      if (!work.done(claim, change)) return;
      log.atInfo()
          .addKeyValue("export", claim.subject())
          .addKeyValue("status", state)
          .log("adapter_export_ended");
    }
  }

  /**
   * Runs a child process that makes the files of a form. Weights are large and untrusted: they
   * never enter the server's heap, and only the child crashes.
   */
  @Component
  @EnableConfigurationProperties(ExportProperties.class)
  static class Conversion implements AutoCloseable {
    private static final int REQUEST_WRONG = 2;
    private static final int OUT_OF_HEAP = 3;
    private static final int MAX_MESSAGE = 8 << 10;
    private static final String REPORT = "report";
    private static final String MESSAGE = "graft: ";

    private final ExportSources sources;
    private final ExportProperties settings;
    private final Scratch scratch;
    private final Children children;

    Conversion(
        ExportSources sources,
        ExportProperties settings,
        GraftProperties graft,
        ChildConfinement confinement)
        throws IOException {
      this.sources = sources;
      this.settings = settings;
      Path root = graft.dataDir().toAbsolutePath().resolve("exports");
      this.children = confinement.within(root);
      this.scratch = Scratch.open(root);
      children.pass(scratch.directory());
    }

    /** Called each second. */
    interface Progress {
      /**
       * @param total null while it is unknown
       */
      void at(long bytes, @Nullable Long total);
    }

    /** Uses the files before they are deleted. */
    interface Use<T> {
      T of(Path files) throws IOException;
    }

    /** The adapter has no such form; the message is for the user. */
    static final class Refused extends Exception {
      private static final long serialVersionUID = 1L;

      Refused(String reason) {
        super(reason);
      }
    }

    /**
     * Called by a platform thread: the kernel ends the child with the thread that started it.
     *
     * @throws IOException if it may succeed when it is tried again
     */
    <T> T make(Adapter adapter, ExportForm form, Progress progress, Use<T> use)
        throws IOException, InterruptedException, Refused {
      Path directory = Files.createTempDirectory(scratch.directory(), "export-");
      Path out = Files.createDirectory(directory.resolve("out"));
      try {
        run(order(adapter, form, directory, out), directory, progress);
        children.takeBack(out);
        return use.of(out);
      } finally {
        children.takeBack(out);
        FileTrees.delete(directory);
      }
    }

    private ExportOrder order(Adapter adapter, ExportForm form, Path directory, Path out)
        throws IOException {
      ExportSources.Inputs inputs = sources.layOut(adapter, form, directory);
      Quantization quantization = ExportSources.quantization(adapter);
      ExportOrder order =
          new ExportOrder(
              form.kind().wireName(),
              form.options(),
              inputs.base(),
              inputs.result(),
              inputs.others(),
              quantization == null ? null : NamedQuantization.of(quantization),
              adapter.baseModel(),
              adapter.name(),
              out,
              Files.createDirectory(directory.resolve(REPORT)).resolve("total"));
      order.write(directory.resolve("order.json"));
      return order;
    }

    private void run(ExportOrder order, Path directory, Progress progress)
        throws IOException, InterruptedException, Refused {
      children.share(directory);
      children.give(order.out());
      children.give(directory.resolve(REPORT));
      Path errors = directory.resolve("errors");
      ProcessBuilder builder =
          children
              .of(
                  ChildJvm.ofThisProgram(
                      settings.heap(), "exporter", directory.resolve("order.json").toString()))
              .directory(directory.toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(errors.toFile());
      builder.environment().put("DJL_OFFLINE", "true");
      builder.environment().put("OPT_OUT_TRACKING", "true");
      Process process = builder.start();
      try {
        process.getOutputStream().close();
        while (!process.waitFor(1, TimeUnit.SECONDS)) {
          progress.at(written(order.out()), total(order.total()));
        }
      } finally {
        // it must end before its directory is deleted
        process.destroyForcibly().onExit().join();
      }
      if (process.exitValue() != 0) throw failure(process.exitValue(), errors);
      long bytes = written(order.out());
      progress.at(bytes, bytes);
    }

    private IOException failure(int status, Path errors) throws IOException, Refused {
      String message =
          FileEnd.lines(errors, MAX_MESSAGE)
              .lines()
              .filter(line -> line.startsWith(MESSAGE))
              .reduce("", (first, last) -> last);
      if (status == REQUEST_WRONG && !message.isEmpty()) {
        throw new Refused(message.substring(MESSAGE.length()));
      }
      String what =
          status == OUT_OF_HEAP
              ? "the export process ran out of memory; graft.exports.heap is " + settings.heap()
              : "the export process exited with status " + status;
      return new IOException(what, new IOException(message)); // for the log only
    }

    private static @Nullable Long total(Path file) throws IOException {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > 20)
        return null;
      String text = Files.readString(file);
      return text.matches("[0-9]{1,18}") ? Long.valueOf(text) : null;
    }

    private static long written(Path out) throws IOException {
      try (Stream<Path> files = Files.walk(out)) {
        return files.map(Path::toFile).filter(File::isFile).mapToLong(File::length).sum();
      } catch (UncheckedIOException renamed) {
        return 0; // a file was renamed meanwhile
      }
    }

    @Override
    public void close() throws IOException {
      scratch.close();
    }
  }

  /**
   * {@code graft.exports.*}: exports of adapters.
   *
   * @param heap Java heap of the process that makes an export, as {@code -Xmx} takes it; files are
   *     mapped outside the heap, and no form needs the whole model in it
   */
  @ConfigurationProperties("graft.exports")
  record ExportProperties(@DefaultValue("1g") String heap) {}
}
