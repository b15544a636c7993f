"""How things are done: named, frozen, recordable choices that return plans.

``base``   `Policy`: filed by kind, resolved from a word, a dict or an instance, JSON both ways
``merge``  putting images one after another;  ``pad``: filling what is missing
``metadata``  what images that become one say together;  ``mosaic``: where tiles lie
``axes``   what the dims are that a file does not name
``write``  how a file is written
``size``   files without a header that are not as large as their sidecar says
"""
