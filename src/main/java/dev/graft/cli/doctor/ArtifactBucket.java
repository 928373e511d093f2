package dev.graft.cli.doctor;

import dev.graft.artifacts.S3Bucket;
import dev.graft.artifacts.S3Properties;
import dev.graft.platform.MachineLacks;
import java.util.List;

/** Whether the bucket of artifacts can be listed, written, read and emptied, as at a start. */
record ArtifactBucket(S3Properties settings) implements Check {
  @Override
  public String name() {
    return "bucket";
  }

  @Override
  public List<CheckResult> findings() {
    try {
      S3Bucket.open(settings).close();
      return List.of(CheckResult.ok(name(), settings.bucket() + " can be read and written"));
    } catch (MachineLacks unusable) {
      return List.of(
          CheckResult.missing(
              name(),
              String.valueOf(unusable.getMessage()),
              "correct graft.artifacts.s3, or the bucket: docs/s3.md"));
    }
  }
}
