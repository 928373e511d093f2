package dev.graft.datasets;

import dev.graft.pg.GraftIT;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.TestPropertySource;

/** A server for which small files are large. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@GraftIT
@TestPropertySource(
    properties = {
      "graft.files.max-size=1MB",
      "graft.files.max-unpacked=32MB",
      "graft.files.validate-inline=64KB"
    })
@Import(FilesIT.Uses.class)
@interface SmallFilesIT {}
