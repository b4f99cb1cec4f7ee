/* An RTP header extension that GStreamer lacks: "playout-delay", with both limits zero.
 *
 * It asks a receiver to show each frame as soon as it is decoded, instead of holding it for a jitter buffer, for an even
 * rhythm, or for the sound of the same stream. The value is three bytes: the least and the most delay, of 12 bits each in
 * units of 10 ms; zero and zero is the receiver's case for games and remote control.
 * https://webrtc.googlesource.com/src/+/main/docs/native-code/rtp-hdrext/playout-delay
 *
 * Registered under its URI, so that a payloader whose receiver has agreed to it makes one by itself
 * (GstRTPBasePayload:auto-header-extension). In C because it is called for every packet.
 */
#include <gst/rtp/rtp.h>
#include <string.h>

#define PACKAGE "streamkit"
#define URI "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
#define VALUE_BYTES 3

G_DECLARE_FINAL_TYPE (SkPlayoutDelay, sk_playout_delay, SK, PLAYOUT_DELAY, GstRTPHeaderExtension)

struct _SkPlayoutDelay
{
  GstRTPHeaderExtension parent;
};

G_DEFINE_FINAL_TYPE (SkPlayoutDelay, sk_playout_delay, GST_TYPE_RTP_HEADER_EXTENSION)

static GstRTPHeaderExtensionFlags
sk_playout_delay_get_supported_flags (G_GNUC_UNUSED GstRTPHeaderExtension * extension)
{
  return GST_RTP_HEADER_EXTENSION_ONE_BYTE | GST_RTP_HEADER_EXTENSION_TWO_BYTE;
}

static gsize
sk_playout_delay_get_max_size (G_GNUC_UNUSED GstRTPHeaderExtension * extension, G_GNUC_UNUSED const GstBuffer * frame)
{
  return VALUE_BYTES;
}

static gssize
sk_playout_delay_write (G_GNUC_UNUSED GstRTPHeaderExtension * extension, G_GNUC_UNUSED const GstBuffer * frame,
    G_GNUC_UNUSED GstRTPHeaderExtensionFlags flags, G_GNUC_UNUSED GstBuffer * packet, guint8 * value, gsize size)
{
  g_return_val_if_fail (size >= VALUE_BYTES, -1);
  memset (value, 0, VALUE_BYTES);
  return VALUE_BYTES;
}

static gboolean
sk_playout_delay_read (G_GNUC_UNUSED GstRTPHeaderExtension * extension, G_GNUC_UNUSED GstRTPHeaderExtensionFlags flags,
    G_GNUC_UNUSED const guint8 * value, gsize size, G_GNUC_UNUSED GstBuffer * frame)
{
  return size == VALUE_BYTES;
}

static void
sk_playout_delay_class_init (SkPlayoutDelayClass * class)
{
  GstRTPHeaderExtensionClass *extension = GST_RTP_HEADER_EXTENSION_CLASS (class);

  extension->get_supported_flags = sk_playout_delay_get_supported_flags;
  extension->get_max_size = sk_playout_delay_get_max_size;
  extension->write = sk_playout_delay_write;
  extension->read = sk_playout_delay_read;
  gst_rtp_header_extension_class_set_uri (extension, URI);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (class), "No playout delay",
      GST_RTP_HDREXT_ELEMENT_CLASS, "Asks receivers to show each frame at once", "streamkit");
}

static void
sk_playout_delay_init (G_GNUC_UNUSED SkPlayoutDelay * extension)
{
}

static gboolean
plugin_init (GstPlugin * plugin)
{
  return gst_element_register (plugin, "rtphdrextplayoutdelay", GST_RANK_PRIMARY, sk_playout_delay_get_type ());
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, skplayoutdelay, "RTP header extension playout-delay",
    plugin_init, "1.0", "LGPL", "streamkit", "streamkit")
