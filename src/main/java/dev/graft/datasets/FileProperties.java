package dev.graft.datasets;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Limits on uploaded files.
 *
 * @param maxSize of one file; more is refused with 413
 * @param validateInline files up to this size are validated before the upload is answered, larger
 *     ones after
 */
@ConfigurationProperties("graft.files")
record FileProperties(
    @DefaultValue("512MB") DataSize maxSize, @DefaultValue("4MB") DataSize validateInline) {}
