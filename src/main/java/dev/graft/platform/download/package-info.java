/** Large files from other servers, in as many goes as it takes. */
@NullMarked
@NamedInterface("download")
package dev.graft.platform.download;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
