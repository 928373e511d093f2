package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** Makes a file of a source: looked at, announced, fetched, joined, checked, recorded. */
@Component
class ImportedFile {
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
   * @return false if the claim did not hold
   * @throws RequestFailed if it never will be made
   */
  boolean make(WorkClaim claim, NewFileImport wanted, Reservation place) throws IOException {
    try (RemoteFiles remote = sources.open(wanted.source())) {
      announce(claim, remote);
      List<Path> here =
          remote.bring(
              fetched.of(claim.subject()),
              new ToldProgress(work, imports, claim, place, remote.bytes()));
      NewFile file = wanted.file();
      boolean joined = !wanted.source().names().isOne();
      try (StagedBlob content = joined ? joined(here, remote, file) : alone(here.getFirst())) {
        NewFile made = joined ? withoutOptions(file) : file;
        ArrivedFile arrived = arrived(made, content);
        return work.done(claim, () -> record(claim, made, arrived));
      }
    }
  }

  /** What is announced counts until the import ends, whoever makes it, and once. */
  private void announce(WorkClaim claim, RemoteFiles remote) {
    if (remote.names().isEmpty()) {
      throw RequestFailed.invalid("source", "There is no file of that name.");
    }
    long most = settings.maxUploadSize().toBytes();
    if (remote.bytes() > most) {
      throw RequestFailed.invalid(
          "source",
          "The files have %d bytes; at most %d are imported at once."
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

  private StagedBlob joined(List<Path> here, RemoteFiles remote, NewFile file) throws IOException {
    JoinedRows rows = new JoinedRows(here, remote.names(), file.options());
    return store.stage(rows::writeTo, settings.maxUnpacked().toBytes());
  }

  /** Columns and keys were looked after when the rows were joined. */
  private static NewFile withoutOptions(NewFile file) {
    return new NewFile(
        file.departmentId(),
        file.filename(),
        file.purpose(),
        file.lifetime(),
        DecodingOptions.NONE,
        file.origin());
  }

  private ArrivedFile arrived(NewFile file, StagedBlob content) throws IOException {
    var checked = validation.requireIfSmall(file, content::open, content.ref().bytes(), "source");
    return new ArrivedFile(content.publish(), checked);
  }

  /** It ends first: what it has announced is what its file takes. */
  private boolean record(WorkClaim claim, NewFile file, ArrivedFile arrived) {
    if (!imports.end(claim.subject(), "succeeded", null)) return false;
    imports.became(claim.subject(), files.add(file, arrived).id());
    return true;
  }
}
