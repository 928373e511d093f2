package dev.graft.datasets;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Limits on uploaded files.
 *
 * @param maxSize largest file in one request; more is refused with 413
 * @param maxUploadSize largest file that arrives in parts
 * @param maxPartSize largest part of such a file
 * @param maxUnpacked most bytes of rows that a packed file or one of CSV unpacks to
 * @param maxStored most bytes that one department stores; more is refused with 429
 * @param maxPending uploads that one department may have begun and not ended
 * @param maxConcurrent files and parts that may arrive at once for one department, over all
 *     servers; one more is refused with 429 before its content is read
 * @param uploadLifetime longest time from the beginning of an upload to its end
 * @param validateInline files up to this size are validated before the upload is answered, larger
 *     ones after
 * @param maxReported most bytes of a file that a report on its rows reads
 * @param reportTime longest time that a report takes; what was read by then is reported
 */
@ConfigurationProperties("graft.files")
record FileProperties(
    @DefaultValue("512MB") DataSize maxSize,
    @DefaultValue("8GB") DataSize maxUploadSize,
    @DefaultValue("64MB") DataSize maxPartSize,
    @DefaultValue("8GB") DataSize maxUnpacked,
    @DefaultValue("1TB") DataSize maxStored,
    @DefaultValue("100") int maxPending,
    @DefaultValue("32") int maxConcurrent,
    @DefaultValue("1h") Duration uploadLifetime,
    @DefaultValue("4MB") DataSize validateInline,
    @DefaultValue("64MB") DataSize maxReported,
    @DefaultValue("20s") Duration reportTime) {}
