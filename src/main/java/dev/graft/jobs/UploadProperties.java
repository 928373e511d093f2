package dev.graft.jobs;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What a worker may upload in one run of a job: checkpoints and the result. A run that needs more
 * ends, and its job fails.
 *
 * @param maxFiles files of one run
 * @param maxSize bytes of all of them
 */
@ConfigurationProperties("graft.jobs.uploads")
record UploadProperties(
    @DefaultValue("100000") int maxFiles, @DefaultValue("4TB") DataSize maxSize) {
  UploadProperties {
    if (maxFiles < 1 || maxSize.toBytes() < 1) {
      throw new IllegalArgumentException(
          "graft.jobs.uploads.max-files and max-size must be positive");
    }
  }
}
