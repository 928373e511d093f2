package dev.graft.datasets;

import dev.graft.artifacts.ForeignBucket;
import dev.graft.artifacts.ForeignBucket.BucketAccess;
import dev.graft.artifacts.hub.Hub;
import dev.graft.artifacts.hub.HubDataSet;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** The sources that an administrator allows, and the way to them. */
@Component
class AllowedSources {
  private final SourceProperties settings;
  private final Hub hub;

  AllowedSources(SourceProperties settings, Hub hub) {
    this.settings = settings;
    this.hub = hub;
  }

  /**
   * @throws RequestFailed 403 that tells nothing of what is allowed
   */
  void require(ImportSource source) {
    boolean allowed =
        switch (source) {
          case ImportSource.OfHub(var repository, var _) ->
              settings.hf().organizations().contains(repository.organization());
          case ImportSource.OfBucket bucket -> access(bucket).isPresent();
        };
    if (!allowed) throw forbidden();
  }

  private static RequestFailed forbidden() {
    return new RequestFailed(
        ProblemType.PERMISSION_DENIED,
        "Files may not be imported from there: an administrator of this Graft says from where they"
            + " may (graft.datasets.sources).",
        "source");
  }

  static RequestFailed tooMany(int most) {
    return RequestFailed.invalid(
        "source", "More than %d files are meant: name fewer of them.".formatted(most));
  }

  /**
   * Looks at the files of a source that is allowed.
   *
   * @throws RequestFailed if there are none, or too many
   * @throws IOException if they cannot be asked for
   */
  RemoteFiles open(ImportSource source) throws IOException {
    require(source);
    return switch (source) {
      case ImportSource.OfHub(var repository, var names) -> {
        HubDataSet files = hub.dataSet(hub.pin(repository), names::matches, settings.maxFiles());
        if (files.names().size() > settings.maxFiles()) throw tooMany(settings.maxFiles());
        yield new HubFiles(files);
      }
      case ImportSource.OfBucket objects -> open(objects);
    };
  }

  private RemoteFiles open(ImportSource.OfBucket objects) throws IOException {
    ForeignBucket bucket =
        ForeignBucket.open(access(objects).orElseThrow(AllowedSources::forbidden));
    try {
      return BucketFiles.of(bucket, objects, settings.maxFiles());
    } catch (IOException | RuntimeException failed) {
      bucket.close();
      throw failed;
    }
  }

  private Optional<BucketAccess> access(ImportSource.OfBucket objects) {
    return settings.s3().stream()
        .filter(each -> each.allows(objects))
        .findFirst()
        .map(
            each ->
                new BucketAccess(
                    each.bucket(),
                    each.endpoint(),
                    each.region(),
                    each.pathStyle(),
                    each.accessKey(),
                    each.secretKey()));
  }
}
