// Bio-Formats as a witness of what a file says: one JVM, one JSON object a line on stdin, one on stdout.
//
//   java -cp bioformats_package.jar BioFormatsWitness.java
//   {"do": "describe", "path": "..."}   -> {"format": ..., "series": [...], "used_files": [...]}
//   {"do": "validate", "path": "..."}   -> {"errors": [...]}   against the OME schemas that the jar holds
//   an exception                        -> {"exception": "..."}
//
// Pixels are digested plane by plane in T Z C Y X [S] order, little-endian, whatever the order in the file.

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import loci.common.services.ServiceFactory;
import loci.formats.FormatTools;
import loci.formats.IFormatReader;
import loci.formats.ImageReader;
import loci.formats.in.DynamicMetadataOptions;
import loci.formats.meta.IMetadata;
import loci.formats.services.OMEXMLService;
import loci.formats.tiff.TiffParser;
import ome.units.UNITS;
import ome.units.quantity.Length;
import ome.units.quantity.Time;
import ome.xml.model.primitives.Color;
import ome.xml.model.primitives.Timestamp;
import org.json.JSONArray;
import org.json.JSONObject;
import org.slf4j.LoggerFactory;

public class BioFormatsWitness {
  public static void main(String[] args) throws Exception {
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.detachAndStopAllAppenders();
    root.setLevel(Level.WARN);
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      answers.println(answer(new JSONObject(line), root));
    }
  }

  private static JSONObject answer(JSONObject question, Logger root) {
    try {
      String path = question.getString("path");
      return question.getString("do").equals("validate") ? validate(path, root) : describe(path);
    } catch (Throwable problem) {
      return new JSONObject().put("exception", problem.toString());
    }
  }

  // The OME-XML as it lies in the file, and as Bio-Formats writes it out again, must both satisfy the schema.
  private static JSONObject validate(String path, Logger root) throws Exception {
    OMEXMLService service = new ServiceFactory().getInstance(OMEXMLService.class);
    JSONArray errors = new JSONArray();
    try (TiffParser parser = new TiffParser(path)) {
      check("file", parser.getComment(), service, root, errors);
    }
    try (IFormatReader reader = new ImageReader()) {
      check("as read", service.getOMEXML(open(reader, path, service)), service, root, errors);
    }
    return new JSONObject().put("errors", errors);
  }

  private static void check(String which, String xml, OMEXMLService service, Logger root, JSONArray errors) {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    root.addAppender(log);
    boolean valid = service.validateOMEXML(xml);
    root.detachAppender(log);
    for (ILoggingEvent event : log.list) {
      if (!valid) errors.put(which + ": " + event.getFormattedMessage());
    }
    if (!valid && log.list.isEmpty()) errors.put(which + ": not valid");
  }

  private static IMetadata open(IFormatReader reader, String path, OMEXMLService service) throws Exception {
    IMetadata store = service.createOMEXMLMetadata();
    reader.setMetadataStore(store);
    reader.setFlattenedResolutions(false);
    reader.setMetadataOptions(new DynamicMetadataOptions());
    reader.setId(path);
    return store;
  }

  private static JSONObject describe(String path) throws Exception {
    OMEXMLService service = new ServiceFactory().getInstance(OMEXMLService.class);
    try (ImageReader reader = new ImageReader()) {
      IMetadata store = open(reader, path, service);
      JSONArray series = new JSONArray();
      for (int index = 0; index < reader.getSeriesCount(); index++) {
        reader.setSeries(index);
        series.put(series(reader, store, index));
      }
      return new JSONObject()
          .put("format", reader.getFormat())
          .put("used_files", new JSONArray(reader.getUsedFiles()))
          .put("series", series);
    }
  }

  private static JSONObject series(IFormatReader reader, IMetadata store, int index) throws Exception {
    JSONObject found = new JSONObject();
    Timestamp acquired = store.getImageAcquisitionDate(index);
    found.put("name", text(store.getImageName(index)));
    found.put("acquired", acquired == null ? JSONObject.NULL : acquired.getValue());
    found.put("dtype", FormatTools.getPixelTypeString(reader.getPixelType()));
    found.put("resolutions", reader.getResolutionCount());
    found.put("sizes", sizes(reader));
    found.put("physical_size", physical(store, index));
    found.put("time_increment", seconds(store.getPixelsTimeIncrement(index)));
    found.put("channels", channels(store, index));
    found.put("planes", planes(store, index));
    found.put("sha256", digest(reader));
    return found;
  }

  private static JSONObject sizes(IFormatReader reader) {
    return new JSONObject()
        .put("T", reader.getSizeT()).put("Z", reader.getSizeZ()).put("C", reader.getEffectiveSizeC())
        .put("Y", reader.getSizeY()).put("X", reader.getSizeX()).put("S", reader.getRGBChannelCount());
  }

  private static JSONObject physical(IMetadata store, int index) {
    return new JSONObject()
        .put("X", micrometres(store.getPixelsPhysicalSizeX(index)))
        .put("Y", micrometres(store.getPixelsPhysicalSizeY(index)))
        .put("Z", micrometres(store.getPixelsPhysicalSizeZ(index)));
  }

  private static JSONArray channels(IMetadata store, int index) {
    JSONArray found = new JSONArray();
    for (int c = 0; c < store.getChannelCount(index); c++) {
      Color color = store.getChannelColor(index, c);
      Length emission = store.getChannelEmissionWavelength(index, c);
      Length excitation = store.getChannelExcitationWavelength(index, c);
      found.put(new JSONObject()
          .put("name", text(store.getChannelName(index, c)))
          .put("rgba", color == null ? JSONObject.NULL : Integer.toUnsignedLong(color.getValue()))
          .put("emission_nm", emission == null ? JSONObject.NULL : emission.value(UNITS.NANOMETER).doubleValue())
          .put("excitation_nm", excitation == null ? JSONObject.NULL : excitation.value(UNITS.NANOMETER).doubleValue()));
    }
    return found;
  }

  private static JSONArray planes(IMetadata store, int index) {
    JSONArray found = new JSONArray();
    for (int p = 0; p < store.getPlaneCount(index); p++) {
      found.put(new JSONObject()
          .put("T", store.getPlaneTheT(index, p).getValue())
          .put("Z", store.getPlaneTheZ(index, p).getValue())
          .put("C", store.getPlaneTheC(index, p).getValue())
          .put("delta_t", seconds(store.getPlaneDeltaT(index, p)))
          .put("exposure", seconds(store.getPlaneExposureTime(index, p)))
          .put("stage_x", micrometres(store.getPlanePositionX(index, p)))
          .put("stage_y", micrometres(store.getPlanePositionY(index, p)))
          .put("stage_z", micrometres(store.getPlanePositionZ(index, p))));
    }
    return found;
  }

  private static String digest(IFormatReader reader) throws Exception {
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    for (int t = 0; t < reader.getSizeT(); t++) {
      for (int z = 0; z < reader.getSizeZ(); z++) {
        for (int c = 0; c < reader.getEffectiveSizeC(); c++) {
          sha.update(canonical(reader, reader.openBytes(reader.getIndex(z, c, t))));
        }
      }
    }
    StringBuilder hex = new StringBuilder();
    for (byte part : sha.digest()) hex.append(String.format("%02x", part));
    return hex.toString();
  }

  // Samples last, least significant byte first.
  private static byte[] canonical(IFormatReader reader, byte[] plane) {
    int width = FormatTools.getBytesPerPixel(reader.getPixelType());
    int samples = reader.getRGBChannelCount();
    int pixels = plane.length / width / samples;
    boolean apart = samples > 1 && !reader.isInterleaved();
    boolean swap = !reader.isLittleEndian() && width > 1;
    if (!apart && !swap) return plane;
    byte[] ordered = new byte[plane.length];
    for (int i = 0; i < pixels; i++) {
      for (int s = 0; s < samples; s++) {
        int from = (apart ? s * pixels + i : i * samples + s) * width;
        int to = (i * samples + s) * width;
        for (int b = 0; b < width; b++) ordered[to + b] = plane[from + (swap ? width - 1 - b : b)];
      }
    }
    return ordered;
  }

  private static Object text(String value) {
    return value == null ? JSONObject.NULL : value;
  }

  // A length in "reference frame" or "pixel" has no value in micrometres.
  private static Object micrometres(Length length) {
    Number value = length == null ? null : length.value(UNITS.MICROMETER);
    return value == null ? JSONObject.NULL : value.doubleValue();
  }

  private static Object seconds(Time time) {
    Number value = time == null ? null : time.value(UNITS.SECOND);
    return value == null ? JSONObject.NULL : value.doubleValue();
  }
}
