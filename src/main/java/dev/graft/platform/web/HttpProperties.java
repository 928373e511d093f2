package dev.graft.platform.web;

import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What requests may be.
 *
 * @param maxBody most bytes of a request that is read into memory, such as JSON; files are streamed
 *     and have limits of their own
 * @param allowedOrigins origins of web pages that may ask from a browser, such as {@code
 *     https://portal.example}; none: browsers keep every page from it
 */
@ConfigurationProperties("graft.http")
public record HttpProperties(
    @DefaultValue("8MB") DataSize maxBody, @DefaultValue List<String> allowedOrigins) {}
