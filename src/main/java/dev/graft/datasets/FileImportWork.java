package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.BlobTooLarge;
import dev.graft.artifacts.ForeignBucket;
import dev.graft.artifacts.S3Failure;
import dev.graft.artifacts.StorageFull;
import dev.graft.datasets.AllowedSources.RemoteFiles;
import dev.graft.datasets.FileValidation.CheckedFile;
import dev.graft.platform.FileTrees;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.ResumedDownload.DownloadRefused;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.text.RowReader;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** Imports files. A server fetches two at a time, of each department one. */
@Component
class FileImportWork implements WorkKind {
  static final String KIND = "file_import";

  private static final Logger log = LoggerFactory.getLogger(FileImportWork.class);
  private static final Duration BUSY = Duration.ofSeconds(5);
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          KIND,
          true,
          2,
          1,
          Duration.ofSeconds(2),
          Duration.ofMinutes(1),
          new WorkSettings.Backoff(8, Duration.ofSeconds(5), Duration.ofMinutes(10)),
          Duration.ZERO);

  private final FileImports imports;
  private final ImportedFile making;
  private final FetchedBytes fetched;
  private final StorageQuota quota;
  private final LeasedWork work;

  FileImportWork(
      FileImports imports,
      ImportedFile making,
      FetchedBytes fetched,
      StorageQuota quota,
      LeasedWork work) {
    this.imports = imports;
    this.making = making;
    this.fetched = fetched;
    this.quota = quota;
    this.work = work;
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws IOException {
    FileImports.NewFileImport wanted = imports.wanted(claim.subject()).orElse(null);
    if (wanted == null) return;
    // Its bytes are announced and count already; like a part of an upload, it needs only a place.
    try (StorageQuota.Reservation place = quota.reserve(claim.departmentId(), 0, 0)) {
      if (making.make(claim, wanted, place)) logEnd(claim, "succeeded");
    } catch (RequestFailed refused) {
      if (refused.type() == ProblemType.RATE_LIMITED) work.later(claim, BUSY);
      else fail(claim, refused.getMessage());
    } catch (IOException failure) {
      Optional<String> lasting = LastingFailure.reason(failure);
      if (lasting.isEmpty()) {
        imports.met(claim.subject(), LastingFailure.passing(failure));
        throw failure;
      }
      fail(claim, lasting.get());
    } finally {
      fetched.tidy();
    }
  }

  @Override
  public void gaveUp(WorkClaim claim) {
    Optional<String> met =
        imports.find(claim.departmentId(), claim.subject()).map(FileImports.FileImport::error);
    fail(claim, met.orElse("The source could not be fetched; the server's log has the reason."));
  }

  private void fail(WorkClaim claim, String reason) {
    if (work.done(claim, () -> imports.end(claim.subject(), "failed", reason))) {
      logEnd(claim, "failed");
    }
  }

  private static void logEnd(WorkClaim claim, String status) {
    log.atInfo()
        .addKeyValue("import", claim.subject())
        .addKeyValue("status", status)
        .log("file_import_ended");
  }

  /** Makes a file from a source: lists, announces, fetches, joins, checks and records it. */
  @Component
  static class ImportedFile {
    private final FileImports imports;
    private final AllowedSources sources;
    private final FetchedBytes fetched;
    private final StoredFiles files;
    private final StorageQuota quota;
    private final FileValidation validation;
    private final ArtifactStore store;
    private final FileProperties settings;
    private final LeasedWork work;
    private final TransactionTemplate transaction;

    ImportedFile(
        FileImports imports,
        AllowedSources sources,
        FetchedBytes fetched,
        StoredFiles files,
        StorageQuota quota,
        FileValidation validation,
        ArtifactStore store,
        FileProperties settings,
        LeasedWork work,
        TransactionTemplate transaction) {
      this.imports = imports;
      this.sources = sources;
      this.fetched = fetched;
      this.files = files;
      this.quota = quota;
      this.validation = validation;
      this.store = store;
      this.settings = settings;
      this.work = work;
      this.transaction = transaction;
    }

    /**
     * @return false if the claim was lost
     * @throws RequestFailed if further attempts would not help
     */
    boolean make(WorkClaim claim, FileImports.NewFileImport wanted, StorageQuota.Reservation place)
        throws IOException {
      try (RemoteFiles remote = sources.open(wanted.source())) {
        announce(claim, remote);
        List<Path> here =
            remote.bring(
                fetched.of(claim.subject()),
                new ReportedProgress(work, imports, claim, place, remote.bytes()));
        NewFile file = wanted.file();
        boolean joined = !wanted.source().names().isOne();
        try (StagedBlob content = joined ? joined(here, remote, file) : alone(here.getFirst())) {
          NewFile made = joined ? withoutOptions(file) : file;
          CheckedFile checked =
              validation.requireIfSmall(made, content::open, content.ref().bytes(), "source");
          BlobRef blob = content.publish();
          return work.done(claim, () -> record(claim, made, blob, checked));
        }
      }
    }

    /** Announces the bytes, which count once as stored until the import ends. */
    private void announce(WorkClaim claim, RemoteFiles remote) {
      if (remote.names().isEmpty()) {
        throw RequestFailed.invalid("source", "No file matches this source.");
      }
      long most = settings.maxUploadSize().toBytes();
      if (remote.bytes() > most) {
        throw RequestFailed.invalid(
            "source",
            "The files have %d bytes; an import may have at most %d."
                .formatted(remote.bytes(), most));
      }
      transaction.executeWithoutResult(
          status -> {
            imports.announce(claim.subject(), remote.source(), null);
            quota.require(claim.departmentId(), remote.bytes());
            imports.announce(claim.subject(), remote.source(), remote.bytes());
          });
    }

    private StagedBlob alone(Path file) throws IOException {
      return store.stage(out -> Files.copy(file, out), settings.maxUploadSize().toBytes());
    }

    private StagedBlob joined(List<Path> here, RemoteFiles remote, NewFile file)
        throws IOException {
      JoinedRows rows = new JoinedRows(here, remote.names(), file.options());
      return store.stage(rows::writeTo, settings.maxUnpacked().toBytes());
    }

    /** The options were applied when the rows were joined. */
    private static NewFile withoutOptions(NewFile file) {
      return new NewFile(
          file.departmentId(),
          file.filename(),
          file.purpose(),
          file.lifetime(),
          DecodingOptions.NONE,
          file.origin());
    }

    /** Ends the import first, so that its announced bytes make room for the file. */
    private boolean record(
        WorkClaim claim, NewFile file, BlobRef content, @Nullable CheckedFile checked) {
      if (!imports.end(claim.subject(), "succeeded", null)) return false;
      imports.became(claim.subject(), files.add(file, content, checked));
      return true;
    }
  }

  /** The bytes of unfinished imports on this server, in a directory each. */
  @Component
  static class FetchedBytes {
    private final Path all;
    private final FileImports imports;

    FetchedBytes(GraftProperties settings, FileImports imports) {
      this.all = settings.dataDir().resolve("file-imports");
      this.imports = imports;
    }

    Path of(String importId) {
      return all.resolve(importId);
    }

    /** Removes the directories of imports that have ended, such as on another server. */
    void tidy() throws IOException {
      Files.createDirectories(all);
      List<Path> there;
      try (Stream<Path> directories = Files.list(all)) {
        there = directories.toList();
      }
      for (Path each : there) {
        if (imports.wanted(each.getFileName().toString()).isEmpty()) FileTrees.delete(each);
      }
    }
  }

  /** Reports progress once a second, and stops the import if the claim is lost. */
  private static final class ReportedProgress implements RemoteFiles.Progress {
    private static final long INTERVAL = TimeUnit.SECONDS.toNanos(1);

    private final LeasedWork work;
    private final FileImports imports;
    private final WorkClaim claim;
    private final StorageQuota.Reservation place;
    private final long all;
    private long at = System.nanoTime() - INTERVAL;

    /**
     * @param place kept while bytes arrive
     * @param all number of bytes to fetch
     */
    ReportedProgress(
        LeasedWork work,
        FileImports imports,
        WorkClaim claim,
        StorageQuota.Reservation place,
        long all) {
      this.work = work;
      this.imports = imports;
      this.claim = claim;
      this.place = place;
      this.all = all;
    }

    @Override
    public void at(long bytes) {
      long now = System.nanoTime();
      if (now - at < INTERVAL && bytes < all) return;
      at = now;
      place.keep();
      if (work.progressed(claim) && imports.progress(claim.subject(), bytes)) return;
      throw new IllegalStateException(
          "the import was cancelled, or another server has taken it over");
    }
  }

  /** Failures that another attempt does not change, with their messages for the user. */
  static final class LastingFailure {
    private static final int CHANGED = 412;

    private LastingFailure() {}

    static Optional<String> reason(IOException failure) {
      return Optional.ofNullable(
          switch (failure) {
            case DownloadRefused refused -> refused.getMessage();
            case BlobTooLarge _ -> "The rows are larger than a file may be (docs/files.md).";
            case ForeignBucket.TooManyKeys _ ->
                "Too many keys begin with this prefix: name more of the beginning of the keys.";
            case S3Failure s3 when s3.status() == CHANGED ->
                "An object was changed while it was read: import it again when it is final.";
            case S3Failure s3 when refuses(s3.status()) ->
                s3.getMessage()
                    + ": ask an administrator of this Graft to check that its key may read it.";
            default -> null;
          });
    }

    private static boolean refuses(int status) {
      return status >= 300 && status < 500 && status != 408 && status != 429;
    }

    /** Returns the message for a temporary failure, without internal addresses and paths. */
    static String passing(IOException failure) {
      return switch (failure) {
        case S3Failure s3 when s3.status() == 0 ->
            "The S3 server does not answer, or this Graft has no credentials for it.";
        case StorageFull _ -> "The server's artifact store is full.";
        case FileSystemException _ -> "The server's disk is full or faulty.";
        default -> String.valueOf(failure.getMessage());
      };
    }
  }

  /**
   * Joins the rows of several files of any format into one of JSONL.
   *
   * @param names of the files, for messages
   */
  record JoinedRows(List<Path> files, List<String> names, DecodingOptions options) {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

    /**
     * @throws RequestFailed if one of the files does not consist of rows
     */
    void writeTo(OutputStream out) throws IOException {
      for (int i = 0; i < files.size(); i++) {
        RowLines lines = new RowLines(out);
        try {
          write(files.get(i), names.get(i), lines);
        } catch (FileFormat.Undecodable bad) {
          throw RequestFailed.invalid("source", names.get(i) + " " + bad.reason());
        }
        lines.end();
      }
    }

    private void write(Path file, String name, OutputStream lines) throws IOException {
      FileFormat format;
      try (InputStream in = Files.newInputStream(file)) {
        format = FileFormat.of(in, name, options);
      }
      if (format.isRows()) {
        try (InputStream rows = format.open(Files.newInputStream(file))) {
          rows.mark(BYTE_ORDER_MARK.length);
          if (!Arrays.equals(rows.readNBytes(BYTE_ORDER_MARK.length), BYTE_ORDER_MARK))
            rows.reset();
          rows.transferTo(lines);
        }
        return;
      }
      List<RowReader.Problem> problems = new ArrayList<>();
      format.writeRows(() -> Files.newInputStream(file), Files.size(file), lines, problems);
      if (problems.isEmpty()) return;
      RowReader.Problem first = problems.getFirst();
      throw RequestFailed.invalid(
          "source", "%s line %d: %s".formatted(name, first.line(), first.message()));
    }

    /** The lines of one file. Adds a missing line break at the end. */
    private static final class RowLines extends FilterOutputStream {
      private int last = '\n';

      RowLines(OutputStream out) {
        super(out);
      }

      @Override
      public void write(int b) throws IOException {
        out.write(b);
        last = b;
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        if (length > 0) last = bytes[offset + length - 1];
      }

      void end() throws IOException {
        if (last != '\n') out.write('\n');
      }
    }
  }
}
