package dev.graft.adapters;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code graft.exports.*}: forms of adapters that servers make.
 *
 * @param heap Java heap of the process that makes one, as {@code -Xmx} takes it; files are mapped
 *     beside it, and no form needs the whole model in it
 */
@ConfigurationProperties("graft.exports")
record ExportProperties(@DefaultValue("1g") String heap) {}
