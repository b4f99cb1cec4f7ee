"""From host facts and settings to what will be streamed, with the reason for each choice.  Pure."""
